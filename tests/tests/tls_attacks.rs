//! What other servers' TLS fell to: handshakes that hang, are garbage, or are for another
//! protocol.

use std::io::Write;
use std::thread;

use gantry_tests::prelude::*;
use gantry_tests::tls::{self, Talk, Trust, Version};
use gantry_tests::wire::{patient, until_closed};

fn server(layout: Layout, change: impl FnOnce(&mut Config)) -> Server {
    Server::with(layout, |config| {
        tls::configure(config);
        change(config);
    })
}

/// ALPACA: a client that comes for another protocol must not be answered.
fn a_client_of_another_protocol_is_refused(layout: Layout) {
    let strict = server(layout, |_| {});
    let lenient = server(layout, |config| {
        config.add("TLSNextProtocol", "off");
    });
    for (server, name, comes_in) in [
        (&strict, "http/1.1", false),
        (&strict, "h2", false),
        (&strict, "imap", false),
        (&strict, "ftp", true),
        (&lenient, "http/1.1", true),
    ] {
        for version in Version::ALL {
            let trust = Trust::only(server.folder(), version);
            let trust = trust.changed(|config| config.alpn_protocols = vec![name.as_bytes().to_vec()]);
            let mut talk = Talk::connect(server.address(), &trust);
            assert_eq!(talk.try_auth().is_ok(), comes_in, "{name} {version:?}");
        }
    }
}

fn a_handshake_that_hangs_is_bounded(layout: Layout) {
    let server = server(layout, |config| {
        config.add("TLSTimeoutHandshake", "1").set("TimeoutLogin", "0").set("TimeoutIdle", "0");
    });
    server.put("file", "content");
    let trust = Trust::of(server.folder());
    for first in [&b""[..], &[22], &[22, 3, 1, 1, 0], &[22, 3, 1, 0, 4, 1, 0, 1, 0]] {
        let mut silent = Talk::connect(server.address(), &trust);
        silent.expect("AUTH TLS", 234);
        silent.socket().write_all(first).unwrap();
        let rest = until_closed(silent.socket()).unwrap();
        assert!(rest.len() < 100, "{first:?}: {rest:?}");
    }
    // On a data connection the session goes on.
    let mut talk = Talk::connect(server.address(), &trust);
    talk.auth().login(USER, PASSWORD).private();
    for command in ["RETR file", "STOR other", "LIST"] {
        let _silent = talk.passive();
        talk.expect(command, 150);
        assert_eq!(talk.reply().code, 426, "{command}");
    }
    assert_eq!(talk.fetch("RETR file"), b"content");
}

fn garbage_is_sent_away_and_costs_little(layout: Layout) {
    let server = server(layout, |config| {
        config.add("TLSOptions", "UseImplicitSSL");
    });
    let address = server.address();
    let before = resident(&server);
    let threads: Vec<_> = (0..4_u8)
        .map(|number| {
            thread::spawn(move || {
                for at in 0..500_u32 {
                    let mut stream = patient(address);
                    let mut bytes = vec![22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
                    bytes.extend((0..505).map(|byte: u32| (byte.wrapping_mul(at + 7) >> (number % 8)) as u8));
                    let _ = stream.write_all(&bytes);
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    until_closed(&mut stream).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let trust = Trust::of(server.folder());
    let mut talk = Talk::implicit(address, &trust);
    talk.login(USER, PASSWORD);
    talk.give("STOR file", b"content");
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < 64 << 10, "2000 handshakes have left {grown} KiB");
}

/// KiB of memory.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// What comes over a protected connection has the bounds of one in clear.
fn a_line_without_an_end_is_refused(layout: Layout) {
    let server = server(layout, |_| {});
    let mut talk = Talk::connect(server.address(), &Trust::of(server.folder()));
    talk.auth();
    talk.write(&[b'a'; 10_000]).unwrap();
    talk.write(b"\r\n").unwrap();
    assert_eq!(talk.reply().code, 500);
    talk.expect("NOOP", 200);
}

fn a_control_connection_that_is_cut_ends_its_session(layout: Layout) {
    let server = server(layout, |_| {});
    let mut talk = Talk::connect(server.address(), &Trust::of(server.folder()));
    talk.auth().login(USER, PASSWORD).private();
    talk.socket().shutdown(std::net::Shutdown::Write).unwrap();
    until_closed(talk.socket()).unwrap();
    // Garbage inside of an open connection ends it as well.
    let mut talk = Talk::connect(server.address(), &Trust::of(server.folder()));
    talk.auth().login(USER, PASSWORD);
    talk.socket().write_all(&[23, 3, 3, 0, 5, 1, 2, 3, 4, 5]).unwrap();
    assert!(talk.write(b"NOOP\r\n").is_err() || talk.try_reply().is_err());
}

fn an_upload_of_garbage_is_broken_off(layout: Layout) {
    let server = server(layout, |_| {});
    let mut talk = Talk::connect(server.address(), &Trust::of(server.folder()));
    talk.auth().login(USER, PASSWORD).private();
    let mut stream = talk.passive();
    talk.expect("STOR file", 150);
    stream.write_all(b"this is no TLS at all, but it is what the client sends").unwrap();
    assert_eq!(talk.reply().code, 425);
    let mut data = talk.begin("STOR file").unwrap();
    data.write_all(b"begin").unwrap();
    data.sock.write_all(&[23, 3, 3, 0, 5, 1, 2, 3, 4, 5]).unwrap();
    assert!(talk.reply().code >= 400);
    talk.give("STOR file", b"content");
    assert_eq!(server.read("file"), b"content");
}

both_layouts!(
    a_client_of_another_protocol_is_refused,
    a_handshake_that_hangs_is_bounded,
    garbage_is_sent_away_and_costs_little,
    a_line_without_an_end_is_refused,
    a_control_connection_that_is_cut_ends_its_session,
    an_upload_of_garbage_is_broken_off,
);
