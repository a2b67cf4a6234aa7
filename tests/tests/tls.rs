//! FTP over TLS: AUTH, PBSZ, PROT, CCC, implicit TLS, TLSRequired, and that data
//! connections resume the control connection's session.

use std::fs;
use std::io::{Read, Write};

use gantry_tests::prelude::*;
use gantry_tests::sample;
use gantry_tests::tls::{self, Talk, Trust, Version};
use gantry_tests::wire::{patient, until_closed};

fn server(layout: Layout, change: impl FnOnce(&mut Config)) -> Server {
    Server::with(layout, |config| {
        tls::configure(config);
        change(config);
    })
}

fn trust(server: &Server) -> Trust {
    Trust::of(server.folder())
}

/// A session that is protected, and logged in.
fn secure(server: &Server, trust: &Trust) -> Talk {
    let mut talk = Talk::connect(server.address(), trust);
    talk.auth().login(USER, PASSWORD).private();
    talk
}

fn files_and_listings_go_through_tls(layout: Layout) {
    let server = server(layout, |_| {});
    for version in Version::ALL {
        let mut talk = secure(&server, &Trust::only(server.folder(), version));
        for length in [0, 1, 16_384, 16_385, 1_000_000] {
            let bytes = sample::bytes(length, 7);
            talk.give("STOR file", &bytes);
            assert_eq!(server.read("file"), bytes);
            assert_eq!(talk.fetch("RETR file"), bytes);
        }
        talk.expect("REST 999990", 350);
        assert_eq!(talk.fetch("RETR file").len(), 10);
        talk.give("APPE file", b"more");
        assert!(server.read("file").ends_with(b"more"));
        for command in ["LIST", "NLST", "MLSD"] {
            assert!(String::from_utf8_lossy(&talk.fetch(command)).contains("file"), "{command}");
        }
        talk.expect("QUIT", 221);
    }
}

fn the_commands_answer_as_proftpds(layout: Layout) {
    let server = server(layout, |_| {});
    let trust = trust(&server);
    let mut talk = Talk::connect(server.address(), &trust);
    let features = talk.expect("FEAT", 211);
    for feature in ["AUTH TLS", "PBSZ", "PROT"] {
        assert!(features.inner().iter().any(|line| line.trim() == feature), "{feature}");
    }
    for (command, reply) in [
        ("AUTH", "504 AUTH requires at least one argument"),
        ("AUTH KERBEROS_V4", "500 AUTH not understood"),
        ("PBSZ 0", "500 PBSZ not understood"),
        ("PROT P", "500 PROT not understood"),
    ] {
        assert_eq!(talk.ask(command).text(), reply);
    }
    assert_eq!(talk.ask("auth tls").text(), "234 AUTH TLS successful");
    talk.shake_hands().unwrap();
    for (command, reply) in [
        ("AUTH TLS", "503 Unwilling to accept second AUTH"),
        ("PBSZ", "501 Invalid number of parameters"),
        ("PBSZ 16384", "200 PBSZ=0 successful"),
        ("PBSZ 0", "200 PBSZ 0 successful"),
        ("PROT", "501 Invalid number of parameters"),
        ("PROT X", "504 PROT X unsupported"),
        ("PROT S", "536 PROT S unsupported"),
        ("PROT C", "200 Protection set to Clear"),
        ("PROT P", "200 Protection set to Private"),
        ("CCC", "530 Please login with USER and PASS"),
    ] {
        assert_eq!(talk.ask(command).text(), reply);
    }
    talk.login(USER, PASSWORD);
    assert_eq!(talk.ask("SSCN").text(), "200 SSCN:SERVER METHOD");
    // A login in clear cannot be protected afterwards.
    let mut talk = Talk::connect(server.address(), &trust);
    talk.login(USER, PASSWORD);
    assert_eq!(talk.ask("AUTH TLS").text(), "534 Unwilling to accept security parameters");
}

fn a_name_that_came_in_clear_is_forgotten(layout: Layout) {
    let server = server(layout, |_| {});
    let mut talk = Talk::connect(server.address(), &trust(&server));
    talk.expect("USER bob", 331);
    talk.auth().expect(format!("PASS {PASSWORD}"), 503);
    talk.login(USER, PASSWORD);
}

fn ssl_and_tls_p_protect_data_as_well(layout: Layout) {
    let server = server(layout, |_| {});
    server.put("file", "content");
    let trust = trust(&server);
    for mechanism in ["SSL", "TLS-P"] {
        let mut talk = Talk::connect(server.address(), &trust);
        talk.expect(format!("AUTH {mechanism}"), 234);
        talk.shake_hands().unwrap();
        talk.login(USER, PASSWORD);
        assert_eq!(talk.fetch("RETR file"), b"content", "{mechanism}");
    }
    let mut talk = Talk::connect(server.address(), &trust);
    talk.expect("AUTH TLS-C", 234);
    talk.shake_hands().unwrap();
    talk.login(USER, PASSWORD);
    assert_eq!(plain(&mut talk, "RETR file"), b"content");
}

/// Downloads over a data connection in clear.
fn plain(talk: &mut Talk, command: &str) -> Vec<u8> {
    let mut stream = talk.passive();
    talk.expect(command, 150);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(talk.reply().code, 226);
    bytes
}

fn the_control_connection_may_be_cleared_after_the_login(layout: Layout) {
    let server = server(layout, |_| {});
    server.put("file", "content");
    let mut talk = secure(&server, &trust(&server));
    talk.clear();
    talk.expect("NOOP", 200);
    assert_eq!(talk.fetch("RETR file"), b"content", "data connections are still protected");
    assert_eq!(talk.ask("CCC").text(), "500 CCC not understood");
    talk.expect("PROT C", 200);
    assert_eq!(plain(&mut talk, "RETR file"), b"content");
}

fn implicit_tls_protects_all_from_the_first_byte_on(layout: Layout) {
    let server = server(layout, |config| {
        config.add("TLSOptions", "UseImplicitSSL").set("TimeoutLogin", "2");
    });
    server.put("file", "content");
    let trust = trust(&server);
    let mut talk = Talk::implicit(server.address(), &trust);
    assert_eq!(talk.ask("AUTH TLS").text(), "503 Unwilling to accept second AUTH");
    talk.login(USER, PASSWORD);
    assert_eq!(talk.fetch("RETR file"), b"content", "data connections as well");
    // HTTP, FTP in clear, garbage and silence are all sent away.
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"USER alice\r\n", &[0; 100], &[22, 3, 1, 255, 255, 0], b""] {
        let mut stream = patient(server.address());
        stream.write_all(bytes).unwrap();
        assert!(until_closed(&mut stream).is_ok(), "{bytes:?}");
    }
    talk.expect("NOOP", 200);
}

fn what_is_sent_behind_auth_in_clear_ends_the_session(layout: Layout) {
    let server = server(layout, |_| {});
    let trust = trust(&server);
    for behind in ["USER alice\r\n", "U", "NOOP\r\nNOOP\r\n"] {
        let mut talk = Talk::connect(server.address(), &trust);
        talk.socket().write_all(format!("AUTH TLS\r\n{behind}").as_bytes()).unwrap();
        assert_eq!(talk.reply().code, 234);
        assert!(talk.shake_hands().is_err(), "{behind:?}");
    }
    secure(&server, &trust).expect("NOOP", 200);
}

fn data_connections_must_be_of_the_same_client(layout: Layout) {
    let server = server(layout, |_| {});
    server.put("file", "content");
    for version in Version::ALL {
        let trust = Trust::only(server.folder(), version);
        let mut talk = secure(&server, &trust);
        assert_eq!(talk.fetch("RETR file"), b"content");
        // A client that has not the session, and one that has another session's.
        let other = Trust::only(server.folder(), version);
        let mut stranger = secure(&server, &other);
        assert_eq!(stranger.fetch("RETR file"), b"content");
        for thief in [trust.forgetful(), other] {
            for command in ["RETR file", "STOR stolen", "LIST"] {
                let data = talk.trust(&thief).begin(command);
                if let Ok(mut data) = data {
                    let mut bytes = Vec::new();
                    let _ = data.read_to_end(&mut bytes);
                    assert!(bytes.is_empty(), "{version:?}: {command}");
                }
                let reply = talk.reply().text();
                let log = fs::read_to_string(server.var("tls.log")).unwrap();
                assert_eq!(
                    reply, "425 Unable to build data connection: Operation not permitted",
                    "{version:?}: {command}: {log}"
                );
            }
        }
        talk.trust(&trust);
        assert_eq!(talk.fetch("RETR file"), b"content", "{version:?}: the session goes on");
    }
    server.wait_for_line(&server.var("tls.log"), &["NoSessionReuseRequired"]);
}

fn sessions_need_not_be_reused_where_the_configuration_says_so(layout: Layout) {
    let server = server(layout, |config| {
        config.add("TLSOptions", "NoSessionReuseRequired");
    });
    server.put("file", "content");
    for version in Version::ALL {
        let trust = Trust::only(server.folder(), version);
        let mut talk = secure(&server, &trust);
        talk.trust(&trust.forgetful());
        assert_eq!(talk.fetch("RETR file"), b"content", "{version:?}");
    }
}

fn a_session_has_tickets_for_a_hundred_transfers(layout: Layout) {
    let server = server(layout, |_| {});
    let bytes = sample::bytes(3000, 3);
    for version in Version::ALL {
        let mut talk = secure(&server, &Trust::only(server.folder(), version));
        for at in 0..100 {
            match at % 3 {
                0 => talk.give("STOR file", &bytes),
                1 => assert_eq!(talk.fetch("RETR file"), bytes),
                _ => assert!(!talk.fetch("LIST").is_empty()),
            }
        }
    }
}

fn an_upload_without_close_notify_is_taken_unless_the_configuration_says_otherwise(layout: Layout) {
    let lenient = server(layout, |_| {});
    let strict = server(layout, |config| {
        config.add("TLSOptions", "CloseNotifyRequired");
    });
    for (server, code) in [(&lenient, 226), (&strict, 426)] {
        for version in Version::ALL {
            let mut talk = secure(server, &Trust::only(server.folder(), version));
            let mut data = talk.begin("STOR cut").unwrap();
            data.write_all(b"some").unwrap();
            data.sock.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(talk.reply().code, code, "{version:?}");
            assert_eq!(server.read("cut"), b"some");
            talk.give("STOR whole", b"all");
        }
        server.wait_for_line(&server.var("tls.log"), &["without close_notify"]);
    }
}

/// What is done before TLS, with it, and with PROT P: the codes of NOOP, USER, LIST
/// and CCC.
fn what_is_required_is_refused_in_clear(layout: Layout) {
    for (required, clear, control) in [
        ("on", (550, 550), (522, 534)),
        ("ctrl", (550, 550), (150, 534)),
        ("auth", (200, 550), (150, 200)),
        ("data", (200, 331), (522, 200)),
        ("auth+data", (200, 550), (522, 200)),
        ("off", (200, 331), (150, 200)),
        ("!data", (200, 331), (150, 200)),
        ("ctrl+!data", (550, 550), (150, 534)),
    ] {
        let server = server(layout, |config| {
            config.add("TLSRequired", required);
        });
        let trust = trust(&server);
        let mut talk = Talk::connect(server.address(), &trust);
        talk.expect("FEAT", 211);
        talk.expect("SYST", 215);
        assert_eq!(talk.ask("NOOP").code, clear.0, "{required}");
        let answer = talk.ask(format!("USER {USER}"));
        assert_eq!(answer.code, clear.1, "{required}");
        if clear.1 == 550 {
            assert_eq!(answer.text(), "550 SSL/TLS required on the control channel");
        }
        talk.auth().login(USER, PASSWORD);
        let mut stream = talk.passive();
        let answer = talk.ask("LIST");
        assert_eq!(answer.code, control.0, "{required}");
        match answer.code {
            150 => {
                stream.read_to_end(&mut Vec::new()).unwrap();
                assert_eq!(talk.reply().code, 226);
            }
            _ => assert_eq!(answer.text(), "522 SSL/TLS required on the data channel"),
        }
        let private = talk.ask("PROT P").code;
        assert_eq!(private, if required.ends_with("!data") { 534 } else { 200 }, "{required}");
        if private == 200 {
            assert_eq!(talk.ask("PROT C").code, if required == "on" || required.ends_with("data") { 534 } else { 200 });
            talk.expect("PROT P", 200);
            talk.fetch("LIST");
        }
        match control.1 {
            200 => {
                talk.clear();
                talk.expect("NOOP", 200);
            }
            code => drop(talk.expect("CCC", code)),
        }
    }
}

fn a_server_without_tls_does_not_speak_of_it(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("LoadModule", "mod_tls.c").add("TLSRequired", "on");
    });
    let mut wire = server.connect();
    let features = wire.expect("FEAT", 211).text();
    assert!(!features.contains("AUTH TLS") && !features.contains("PROT"), "{features}");
    assert_eq!(wire.ask("AUTH TLS").text(), "500 AUTH not understood");
    wire.login(USER, PASSWORD);
}

both_layouts!(
    files_and_listings_go_through_tls,
    the_commands_answer_as_proftpds,
    a_name_that_came_in_clear_is_forgotten,
    ssl_and_tls_p_protect_data_as_well,
    the_control_connection_may_be_cleared_after_the_login,
    implicit_tls_protects_all_from_the_first_byte_on,
    what_is_sent_behind_auth_in_clear_ends_the_session,
    data_connections_must_be_of_the_same_client,
    sessions_need_not_be_reused_where_the_configuration_says_so,
    a_session_has_tickets_for_a_hundred_transfers,
    an_upload_without_close_notify_is_taken_unless_the_configuration_says_otherwise,
    what_is_required_is_refused_in_clear,
    a_server_without_tls_does_not_speak_of_it,
);
