//! RETR, STOR, APPE, REST and ABOR (RFC 959 section 4.1, RFC 3659 section 5),
//! said by hand.

use std::fs;
use std::io::{Read, Write};

use gantry_tests::prelude::*;
use gantry_tests::wait;
use gantry_tests::wire::read_all;

fn a_download_begins_where_rest_says(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "0123456789");
    let mut wire = server.login();
    wire.expect("REST 6", 350);
    assert_eq!(wire.fetch("RETR file"), b"6789");
    assert_eq!(wire.fetch("RETR file"), b"0123456789", "REST acts once");
}

fn an_upload_begins_where_rest_says(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "0123456789");
    let mut wire = server.login();
    wire.expect("REST 6", 350);
    wire.give("STOR file", b"abcd");
    assert_eq!(server.read("file"), b"012345abcd");
}

fn an_upload_at_rest_is_refused_where_resuming_is_off(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("AllowStoreRestart", "off");
    });
    server.put("file", "0123456789");
    let mut wire = server.login();
    let refused = wire.ask("REST 6").code >= 400 || {
        let _stream = wire.passive();
        wire.ask("STOR file").code >= 400
    };
    assert!(refused);
    assert_eq!(server.read("file"), b"0123456789");
}

fn a_rest_that_is_no_number_is_refused(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    for word in ["x", "-1", "99999999999999999999999", "1 2"] {
        let answer = wire.ask(format!("REST {word}"));
        assert!(answer.code >= 500, "{}", answer.text());
    }
}

fn appe_writes_behind_the_end_and_makes_what_is_missing(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    wire.give("APPE file", b"one ");
    wire.give("APPE file", b"two");
    assert_eq!(server.read("file"), b"one two");
}

fn an_upload_replaces_a_longer_file(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "0123456789");
    server.login().give("STOR file", b"ab");
    assert_eq!(server.read("file"), b"ab");
}

fn an_empty_file_goes_both_ways(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    wire.give("STOR empty", b"");
    assert_eq!(server.read("empty"), b"");
    assert_eq!(wire.fetch("RETR empty"), b"");
}

fn type_a_ends_lines_with_crlf_on_the_wire_alone(layout: Layout) {
    let server = Server::start(layout);
    server.put("down", "a\nb\n\nc");
    let mut wire = server.login();
    wire.expect("TYPE A", 200);
    assert_eq!(wire.fetch("RETR down"), b"a\r\nb\r\n\r\nc");
    wire.give("STOR up", b"a\r\nb\r\n\r\nc");
    assert_eq!(server.read("up"), b"a\nb\n\nc");
}

fn what_cannot_be_read_is_refused_with_550(layout: Layout) {
    let server = Server::start(layout);
    server.make_folder("folder");
    let mut wire = server.login();
    for name in ["missing", "folder", "missing/file"] {
        let _stream = wire.passive();
        wire.expect(format!("RETR {name}"), 550);
    }
    let _stream = wire.passive();
    let answer = wire.ask("STOR missing/file");
    assert!((550..=553).contains(&answer.code), "{}", answer.text());
    wire.expect("NOOP", 200);
}

fn abor_breaks_a_download_off_and_the_session_goes_on(layout: Layout) {
    let server = Server::start(layout);
    server.put("large", vec![7; 32 << 20]);
    let mut wire = server.login();
    // With and without the Telnet signals that RFC 959 wants before it.
    for signal in [&b""[..], b"\xff\xf4\xff\xf2"] {
        let mut stream = wire.passive();
        wire.expect("RETR large", 150);
        stream.read_exact(&mut [0; 1000]).unwrap();
        wire.send([signal, b"ABOR"].concat());
        assert_eq!(wire.reply().code, 426);
        assert_eq!(wire.reply().code, 226);
        drop(stream);
        wire.expect("NOOP", 200);
    }
    assert_eq!(wire.fetch("RETR large").len(), 32 << 20);
}

fn abor_breaks_an_upload_off_and_the_session_goes_on(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    let mut stream = wire.passive();
    wire.expect("STOR part", 150);
    stream.write_all(b"some").unwrap();
    wait::for_condition("the part arrives", || {
        fs::read(server.home().join("part")).is_ok_and(|bytes| bytes == b"some")
    });
    wire.send("ABOR");
    assert_eq!(wire.reply().code, 426);
    assert_eq!(wire.reply().code, 226);
    wire.give("STOR whole", b"all");
    assert_eq!(server.read("whole"), b"all");
}

fn abor_without_a_transfer_is_answered_226(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    wire.expect("ABOR", 226);
    let _stream = wire.passive();
    wire.expect("ABOR", 226);
    wire.expect("NOOP", 200);
}

fn stat_is_answered_while_a_transfer_runs(layout: Layout) {
    let server = Server::start(layout);
    server.put("large", vec![7; 32 << 20]);
    let mut wire = server.login();
    let mut stream = wire.passive();
    wire.expect("RETR large", 150);
    stream.read_exact(&mut [0; 1000]).unwrap();
    let answer = wire.ask("STAT");
    assert!((211..=213).contains(&answer.code), "{}", answer.text());
    assert_eq!(read_all(&mut stream).len(), (32 << 20) - 1000);
    assert_eq!(wire.reply().code, 226);
}

fn a_client_that_vanishes_in_a_transfer_disturbs_nobody(layout: Layout) {
    let server = Server::start(layout);
    server.put("large", vec![7; 32 << 20]);
    let mut other = server.login();
    for _ in 0..5 {
        let mut wire = server.login();
        let mut stream = wire.passive();
        wire.expect("RETR large", 150);
        stream.read_exact(&mut [0; 10]).unwrap();
        drop((wire, stream));
    }
    assert_eq!(other.fetch("RETR large").len(), 32 << 20);
}

fn a_data_connection_that_is_cut_is_answered_426(layout: Layout) {
    let server = Server::start(layout);
    server.put("large", vec![7; 32 << 20]);
    let mut wire = server.login();
    let stream = wire.passive();
    wire.expect("RETR large", 150);
    drop(stream);
    let answer = wire.reply();
    assert!([426, 451].contains(&answer.code), "{}", answer.text());
    wire.expect("NOOP", 200);
}

both_layouts!(
    a_download_begins_where_rest_says,
    an_upload_begins_where_rest_says,
    an_upload_at_rest_is_refused_where_resuming_is_off,
    a_rest_that_is_no_number_is_refused,
    appe_writes_behind_the_end_and_makes_what_is_missing,
    an_upload_replaces_a_longer_file,
    an_empty_file_goes_both_ways,
    type_a_ends_lines_with_crlf_on_the_wire_alone,
    what_cannot_be_read_is_refused_with_550,
    abor_breaks_a_download_off_and_the_session_goes_on,
    abor_breaks_an_upload_off_and_the_session_goes_on,
    abor_without_a_transfer_is_answered_226,
    stat_is_answered_while_a_transfer_runs,
    a_client_that_vanishes_in_a_transfer_disturbs_nobody,
    a_data_connection_that_is_cut_is_answered_426,
);
