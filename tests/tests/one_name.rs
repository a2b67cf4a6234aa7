//! Several sessions that upload to one name at once (RFC 959, STOR, APPE and
//! ABOR): what one has stored, another one's broken transfer leaves alone.

use std::fs;
use std::io::Write;

use gantry_tests::prelude::*;
use gantry_tests::wait;
use gantry_tests::wire::Wire;

/// A session that waits for its data connection, its file made.
fn waiting(server: &Server, command: &str, name: &str) -> Wire {
    let mut wire = server.login();
    wire.expect("EPSV", 229);
    wire.send(format!("{command} {name}"));
    wait::for_condition("the file is made", || server.home().join(name).exists());
    wire
}

fn give_up(mut wire: Wire) {
    wire.send("ABOR");
    let answer = wire.reply();
    assert!([425, 426].contains(&answer.code), "{}", answer.text());
    assert_eq!(wire.reply().code, 226);
    wire.expect("NOOP", 200);
}

fn size(server: &Server, name: &str) -> u64 {
    fs::metadata(server.home().join(name)).map_or(0, |metadata| metadata.len())
}

fn an_upload_that_never_begins_leaves_no_file(layout: Layout) {
    let server = Server::start(layout);
    for command in ["STOR", "APPE"] {
        give_up(waiting(&server, command, "r"));
        assert!(!server.home().join("r").exists(), "{command}");
    }
}

fn an_upload_that_never_begins_leaves_what_another_stored(layout: Layout) {
    let server = Server::start(layout);
    let mut other = server.login();
    for command in ["STOR", "APPE"] {
        let wire = waiting(&server, command, "into");
        other.give("STOR into", b"whole");
        give_up(wire);
        assert_eq!(server.read("into"), b"whole", "{command}");
        other.expect("DELE into", 250);

        let wire = waiting(&server, command, "instead");
        other.expect("DELE instead", 250);
        other.give("STOR instead", b"");
        give_up(wire);
        assert_eq!(server.read("instead"), b"", "{command}");
        other.expect("DELE instead", 250);
    }
}

fn an_aborted_store_is_deleted_and_nobody_elses_file(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("DeleteAbortedStores", "on");
    });
    let mut other = server.login();
    let begun = |command: &str, before: u64| {
        let mut wire = server.login();
        let mut stream = wire.passive();
        wire.expect(command, 150);
        stream.write_all(b"some").unwrap();
        wait::for_condition("the part arrives", || size(&server, "r") == before + 4);
        (wire, stream)
    };
    let (wire, stream) = begun("STOR r", 0);
    give_up(wire);
    drop(stream);
    assert!(!server.home().join("r").exists());

    let (wire, stream) = begun("STOR r", 0);
    other.expect("DELE r", 250);
    other.give("STOR r", b"new!");
    give_up(wire);
    drop(stream);
    assert_eq!(server.read("r"), b"new!", "the name stands for another file");

    let (wire, stream) = begun("APPE r", 4);
    give_up(wire);
    drop(stream);
    assert_eq!(server.read("r"), b"new!some", "what was there before is not the upload's");

    let (wire, stream) = begun("STOR r", 0);
    other.give("STOR r", b"longer than that");
    give_up(wire);
    drop(stream);
    assert_eq!(server.read("r"), b"longer than that", "another session has written to the file");
}

fn what_several_append_is_all_there(layout: Layout) {
    let server = Server::start(layout);
    server.put("log", "old ");
    for (name, before) in [("log", "old "), ("new", "")] {
        let [mut one, mut other] = [server.login(), server.login()];
        let mut streams = [one.passive(), other.passive()];
        let command = format!("APPE {name}");
        one.expect(&command, 150);
        other.expect(&command, 150);
        let mut expected = before.to_owned();
        for (at, text) in [(0, "one "), (1, "two "), (0, "three "), (0, "four "), (1, "five")] {
            streams[at].write_all(text.as_bytes()).unwrap();
            expected += text;
            wait::for_condition("it is appended", || size(&server, name) == expected.len() as u64);
        }
        drop(streams);
        assert_eq!([one.reply().code, other.reply().code], [226, 226]);
        assert_eq!(String::from_utf8(server.read(name)).unwrap(), expected);
    }
}

both_layouts!(
    an_upload_that_never_begins_leaves_no_file,
    an_upload_that_never_begins_leaves_what_another_stored,
    an_aborted_store_is_deleted_and_nobody_elses_file,
    what_several_append_is_all_there,
);
