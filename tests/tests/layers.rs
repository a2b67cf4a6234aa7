//! Layers around control and data connections, by mod_scramble; and that those
//! without one move files by the kernel.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use gantry_tests::layout;
use gantry_tests::prelude::*;
use gantry_tests::sample;
use gantry_tests::scramble::{Scrambled, Talk};
use gantry_tests::wait::{self, PATIENCE};
use gantry_tests::wire::{patient, until_closed};
use rustix::process::{Pid, Signal, kill_process};

/// A server with mod_scramble, linked in or loaded.
fn server(layout: Layout, engine: &str, change: impl FnOnce(&mut Config)) -> Server {
    let prefix = layout::feature_set(match layout {
        Layout::Static => "static-examples",
        Layout::Shared => "shared-examples",
    });
    Server::of(&prefix.join("sbin/gantryd"), |config| {
        config.without_sql().set("ModulePath", prefix.join("libexec").display().to_string());
        config.add("LoadModule", "mod_scramble.c").add("ScrambleEngine", engine);
        change(config);
    })
}

/// A session whose control and data connections are scrambled.
fn scrambled(server: &Server) -> Talk {
    let mut talk = Talk::connect(server.address());
    talk.auth();
    talk.login(USER, PASSWORD);
    talk.expect("PROT S", 200);
    talk
}

/// Whether the server has closed the connection without a word.
fn is_closed(stream: &mut TcpStream) -> bool {
    until_closed(stream).is_ok_and(|rest| rest.is_empty())
}

fn files_and_listings_go_through_layers(layout: Layout) {
    let server = server(layout, "on", |_| {});
    let mut talk = scrambled(&server);
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
    talk.expect("TYPE A", 200);
    talk.give("STOR text", b"a\r\nb\r\n");
    assert_eq!(server.read("text"), b"a\nb\n");
    assert_eq!(talk.fetch("RETR text"), b"a\r\nb\r\n");
    talk.expect("SITE SCRAMBLED", 200);
    // Beside it a plain session.
    assert_eq!(server.login().fetch("RETR text"), b"a\nb\n");
}

fn data_connections_and_the_control_connection_are_scrambled_by_themselves(layout: Layout) {
    let server = server(layout, "on", |_| {});
    let mut talk = scrambled(&server);
    talk.give("STOR file", b"content");
    talk.expect("AUTH SCRAMBLE", 503);
    talk.expect("PROT C", 200);
    let mut stream = talk.passive();
    talk.expect("RETR file", 150);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"content");
    assert_eq!(talk.reply().code, 226);
    talk.expect("PROT S", 200);
    talk.clear();
    // In clear, with the data connections still scrambled.
    talk.expect("SITE SCRAMBLED", 550);
    talk.expect("CCC", 503);
    assert_eq!(talk.fetch("RETR file"), b"content");
    // And scrambled once more.
    talk.auth();
    assert_eq!(talk.fetch("RETR file"), b"content");
    talk.expect("QUIT", 221);
}

fn a_layer_may_be_there_from_the_first_byte_on(layout: Layout) {
    let server = server(layout, "implicit", |config| {
        config.set("TimeoutLogin", "2");
    });
    let mut talk = Talk::implicit(server.address());
    talk.login(USER, PASSWORD);
    talk.expect("PROT S", 200);
    talk.give("STOR file", b"content");
    assert_eq!(talk.fetch("RETR file"), b"content");
    // Who speaks in clear, or says nothing, hears nothing.
    let mut plain = patient(server.address());
    plain.write_all(b"USER alice\r\n").unwrap();
    assert!(is_closed(&mut plain));
    let mut silent = patient(server.address());
    assert!(is_closed(&mut silent));
    talk.expect("NOOP", 200);
}

fn what_is_sent_behind_auth_ends_the_session(layout: Layout) {
    let server = server(layout, "on", |_| {});
    for behind in ["USER alice\r\n", "U", "NOOP\r\nNOOP\r\nNOOP\r\n"] {
        let mut talk = Talk::connect(server.address());
        talk.stream().write_all(format!("AUTH SCRAMBLE\r\n{behind}").as_bytes()).unwrap();
        assert_eq!(talk.reply().code, 234);
        // The server says nothing to what came behind, whatever follows it.
        let _ = talk.stream().write_all(b"SCRAMBLE\0\0\0\0");
        assert!(is_closed(talk.stream()), "{behind:?}");
    }
    scrambled(&server).expect("NOOP", 200);
}

fn an_upload_that_is_cut_is_broken_off(layout: Layout) {
    let server = server(layout, "on", |_| {});
    let mut talk = scrambled(&server);
    let stream = talk.passive();
    talk.expect("STOR cut", 150);
    let mut data = Scrambled::open(stream).unwrap();
    data.write_all(b"some").unwrap();
    drop(data);
    assert_eq!(talk.reply().code, 426);
    assert_eq!(server.read("cut"), b"some", "what has come stays");
    // What comes behind the orderly end is no part of the file.
    let stream = talk.passive();
    talk.expect("STOR whole", 150);
    let mut data = Scrambled::open(stream).unwrap();
    data.write_all(b"all").unwrap();
    data.close().unwrap();
    data.stream().write_all(b"and more").unwrap();
    assert_eq!(talk.reply().code, 226);
    assert_eq!(server.read("whole"), b"all");
}

fn a_download_does_not_need_the_clients_last_record(layout: Layout) {
    let server = server(layout, "on", |_| {});
    let bytes = sample::bytes(4 << 20, 9);
    server.put("file", &bytes);
    let mut talk = scrambled(&server);
    let stream = talk.passive();
    talk.expect("RETR file", 150);
    let mut data = Scrambled::open(stream).unwrap();
    // It has nothing to say, and says so in its own way.
    data.stream().shutdown(Shutdown::Write).unwrap();
    let mut got = Vec::new();
    data.read_to_end(&mut got).unwrap();
    assert!(got == bytes && data.is_ended());
    assert_eq!(talk.reply().code, 226);
}

fn a_layer_that_fails_ends_its_connection_alone(layout: Layout) {
    let server = server(layout, "on", |_| {});
    server.put("file", "content");
    let mut talk = scrambled(&server);
    // On a data connection: before it has opened, and after.
    let mut stream = talk.passive();
    talk.expect("RETR file", 150);
    stream.write_all(b"this is no hello").unwrap();
    assert_eq!(talk.reply().code, 426);
    let stream = talk.passive();
    talk.expect("STOR part", 150);
    let mut data = Scrambled::open(stream).unwrap();
    data.write_all(b"some").unwrap();
    data.stream().write_all(&[0; 40_000]).unwrap();
    assert_eq!(talk.reply().code, 426);
    assert_eq!(talk.fetch("RETR file"), b"content");
    // On the control connection.
    let mut other = scrambled(&server);
    talk.stream().write_all(&[0; 40_000]).unwrap();
    until_closed(talk.stream()).unwrap();
    assert_eq!(other.fetch("RETR file"), b"content");
}

fn waits_behind_a_layer_hear_abor_and_stalls(layout: Layout) {
    let server = server(layout, "on", |config| {
        config.set("TimeoutStalled", "1");
    });
    server.put("large", vec![7; 32 << 20]);
    let mut talk = scrambled(&server);
    let begin = |talk: &mut Talk, command: &str| {
        let stream = talk.passive();
        talk.expect(command, 150);
        stream
    };
    for command in ["RETR large", "STOR part"] {
        // Before the layer has opened, and after.
        for opens in [false, true] {
            let began = Instant::now();
            let stream = begin(&mut talk, command);
            let mut data = opens.then(|| Scrambled::open(stream.try_clone().unwrap()).unwrap());
            if let (Some(data), "RETR large") = (&mut data, command) {
                data.read_exact(&mut [0; 1000]).unwrap();
            }
            talk.expect("STAT", 213);
            talk.expect("ABOR", 426);
            assert_eq!(talk.reply().code, 226);
            assert!(began.elapsed() < PATIENCE / 2, "{command}");
            drop(stream);
        }
        let stream = begin(&mut talk, command);
        let _data = Scrambled::open(stream).unwrap();
        // Nothing is read, and nothing sent.
        let answer = talk.reply();
        assert!(answer.text().contains("stalled"), "{}", answer.text());
    }
    talk.expect("NOOP", 200);
}

fn the_last_words_before_a_layers_end_count(layout: Layout) {
    let server = server(layout, "on", |_| {});
    let mut talk = scrambled(&server);
    talk.send("MKD last");
    talk.close();
    assert_eq!(talk.reply().code, 257);
    assert!(server.home().join("last").is_dir());
}

/// One session's upload beside another one's download.
fn two_sessions_move_files_at_once(layout: Layout) {
    let server = server(layout, "on", |_| {});
    let bytes = sample::bytes(8 << 20, 3);
    server.put("down", &bytes);
    let (mut one, mut other) = (scrambled(&server), scrambled(&server));
    thread::scope(|scope| {
        let fetched = scope.spawn(|| one.fetch("RETR down"));
        other.give("STOR up", &bytes);
        assert!(fetched.join().unwrap() == bytes);
    });
    assert!(server.read("up") == bytes);
}

/// The calls of sendfile and splice that a server makes meanwhile, and all writes to
/// sockets; nothing where strace is not there or may not watch.
fn traced(server: &Server, work: impl FnOnce()) -> Option<String> {
    let trace = server.scratch().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", "trace=sendfile,splice,sendto,write", "-o"]).arg(&trace);
    strace.arg("-p").arg(server.pid().to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut strace = strace.spawn().ok()?;
    let mut wire = server.connect();
    // A reply in the trace shows that it has begun.
    let watches = wait::until(PATIENCE, || {
        wire.expect("NOOP", 200);
        let begun = fs::read_to_string(&trace).is_ok_and(|text| !text.is_empty());
        (begun || strace.try_wait().unwrap().is_some()).then_some(begun)
    });
    if watches != Some(true) {
        let _ = strace.kill();
        let _ = strace.wait();
        return None;
    }
    work();
    kill_process(Pid::from_child(&strace), Signal::INT).unwrap();
    strace.wait().unwrap();
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_file(trace).unwrap();
    Some(text)
}

fn a_plain_session_moves_files_by_the_kernel(layout: Layout) {
    let server = server(layout, "on", |_| {});
    let bytes = sample::bytes(3_000_000, 5);
    let plain = traced(&server, || {
        let mut wire = server.login();
        wire.give("STOR file", &bytes);
        assert!(wire.fetch("RETR file") == bytes);
    });
    let Some(plain) = plain else {
        eprintln!("left out: strace is not installed, or may not watch the server");
        return;
    };
    assert!(plain.contains("sendfile(") && plain.contains("splice("), "{plain}");
    let scrambled = traced(&server, || {
        let mut talk = scrambled(&server);
        talk.give("STOR file", &bytes);
        assert!(talk.fetch("RETR file") == bytes);
    });
    let scrambled = scrambled.expect("strace has watched before");
    assert!(!scrambled.contains("sendfile(") && !scrambled.contains("splice("), "layers see every byte");
}

both_layouts!(
    files_and_listings_go_through_layers,
    data_connections_and_the_control_connection_are_scrambled_by_themselves,
    a_layer_may_be_there_from_the_first_byte_on,
    what_is_sent_behind_auth_ends_the_session,
    an_upload_that_is_cut_is_broken_off,
    a_download_does_not_need_the_clients_last_record,
    a_layer_that_fails_ends_its_connection_alone,
    waits_behind_a_layer_hear_abor_and_stalls,
    the_last_words_before_a_layers_end_count,
    two_sessions_move_files_at_once,
    a_plain_session_moves_files_by_the_kernel,
);
