//! The values of variables, of made-up sessions at a made-up time.

#[expect(dead_code, reason = "the modules at work are for other tests")]
mod support;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gantry_api::session::Ending;
use gantry_api::transfer::{Direction, Outcome, Transfer};
use gantry_api::variable::{Subject, Variable};
use gantry_api::{Account, Command, CommandClasses, CommandInfo, Group, PathArgument, Type, Verb, VirtualPath};
use gantry_format::{Dialect, Template};
use jiff::tz::TimeZone;
use support::{Client, client};

gantry_api::variable! {
    /// How many seconds the session has lasted.
    "age": Int = |subject, out| {
        let age = subject.now.duration_since(subject.session.began);
        out.int(age.unwrap_or_default().as_secs());
    };
    /// A note.
    "noted": Text;
    /// A fault of the module's.
    "broken": Text = |_, _| panic!("broken");
}

/// When everything happens.
fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_450_500_250)
}

/// A client who is logged in, and stands in /pub.
fn joe() -> Client {
    let mut joe = client("Joe");
    joe.session.account = Some(Arc::new(Account {
        name: "joe".to_owned(),
        uid: 1000,
        gid: 100,
        groups: vec![Group { name: "ftp".to_owned(), gid: 99 }, Group { name: "staff".to_owned(), gid: 100 }],
        home: "/home/joe".into(),
        shell: String::new(),
        secret: None,
    }));
    joe.session.cwd = VirtualPath::root().join(b"pub");
    joe.session.remote = "[2001:db8::1]:4711".parse().unwrap();
    joe.session.remote_host = "client.example".to_owned();
    joe.session.bytes = (3000, 40);
    joe.session.command_began = noon() - Duration::from_millis(250);
    joe.dialogue.reply = None;
    joe
}

fn transfer(path: &[u8], outcome: Outcome) -> Transfer {
    Transfer {
        path: VirtualPath::root().join(path),
        direction: Direction::In,
        kind: Type::Image,
        offset: 0,
        expected: None,
        size_before: None,
        port: 0,
        bytes: 2048,
        began: noon() - Duration::from_millis(500),
        ended: noon(),
        outcome,
    }
}

/// What modules declare of commands.
fn info(verb: Verb) -> CommandInfo {
    let (classes, path) = match verb.name().as_str() {
        "RETR" | "STOR" | "DELE" | "RNTO" => (CommandClasses::WRITE, PathArgument::Whole),
        "CWD" | "MKD" => (CommandClasses::DIRS, PathArgument::Whole),
        "CDUP" => (CommandClasses::DIRS, PathArgument::None),
        "LIST" => (CommandClasses::DIRS, PathArgument::AfterOptions),
        "PWD" => (CommandClasses::DIRS | CommandClasses::INFO, PathArgument::None),
        "STAT" => (CommandClasses::INFO, PathArgument::AfterOptions),
        "SITE_CHMOD" => (CommandClasses::MISC, PathArgument::AfterWord),
        _ => (CommandClasses::MISC, PathArgument::None),
    };
    CommandInfo { verb, syntax: String::new(), help: String::new(), classes, path, feature: None }
}

/// A text with its values, for a command of the client's.
fn shown(client: &Client, line: &str, text: &str) -> String {
    let command = match line {
        "EXIT" => Command { verb: Verb::EXIT, argument: Vec::new() },
        line => Command::parse(line.as_bytes()).unwrap(),
    };
    let known = info(command.verb);
    let info = (!command.verb.is_event()).then_some(&known);
    let Client { session, dialogue } = client;
    let subject = Subject { session, files: &support::Nothing, dialogue, command: &command, info, now: noon() };
    let mut out = Vec::new();
    let mut template = Template::parse(text, &Dialect::log(TimeZone::UTC)).unwrap();
    let contributed: Vec<Variable> = gantry_api::inventory::iter::<Variable>.into_iter().copied().collect();
    template.resolve(&contributed).unwrap();
    template.render(&subject, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn who_and_where() {
    let mut joe = joe();
    joe.session.class = Some("lan".into());
    let text = "%a %h %{remote-port} %c|%L %p %v|%u %U %{uid} %{gid} %g|%l %A|%I %O|%{protocol}";
    let wanted =
        "2001:db8::1 client.example 4711 lan|127.0.0.1 21 test|joe Joe 1000 100 staff|UNKNOWN UNKNOWN|3000 40|ftp";
    assert_eq!(shown(&joe, "NOOP", text), wanted);
    assert_eq!(shown(&client("Joe"), "NOOP", "%u %U %{uid} %g %c"), "- Joe - - -");
    assert_eq!(shown(&joe, "NOOP", "%t %{epoch} %R"), "[23/Nov/2026:16:15:00 +0000] 1795450500 250");
}

#[test]
fn the_command_is_what_the_client_sent() {
    let joe = joe();
    for (line, wanted) in [
        ("retr a b", "RETR|a b|RETR a b"),
        ("NOOP", "NOOP||NOOP"),
        ("site chmod 644 x", "SITE CHMOD|CHMOD 644 x|SITE CHMOD 644 x"),
        ("SITE HELP", "SITE HELP|HELP|SITE HELP"),
        ("PASS secret", "PASS|(hidden)|PASS (hidden)"),
        ("RETR a\x1b", "RETR|a\x1b|RETR a\x1b"),
    ] {
        assert_eq!(shown(&joe, line, "%m|%J|%r"), wanted);
    }
}

#[test]
fn paths_are_those_of_commands_that_name_one() {
    let mut joe = joe();
    for (line, wanted) in [
        ("RETR a", "/pub/a /pub/a a /pub -"),
        ("DELE /x/", "/x /x x /pub -"),
        ("LIST -la sub", "/pub/sub /pub/sub sub sub /pub/sub"),
        ("LIST", "/pub /pub pub pub /pub"),
        ("MKD a/b", "/pub/a/b /pub/a/b b b /pub/a/b"),
        ("SITE CHMOD 644 x", "/pub/x /pub/x x /pub -"),
        ("CWD ../new", "/new /new new new /new"),
        ("CDUP", "/ / / / /"),
        ("USER joe", "- - - /pub -"),
        ("TYPE I", "- - - /pub -"),
        ("STAT", "- - - /pub -"),
        ("STAT x", "/pub/x /pub/x x /pub -"),
        ("PWD", "- - - /pub -"),
    ] {
        assert_eq!(shown(&joe, line, "%f %F %{basename} %d %D"), wanted, "{line}");
    }
    // By now the working directory is the new one.
    joe.dialogue.respond(250, "CWD command successful");
    assert_eq!(shown(&joe, "CWD pub", "%f %d"), "/pub pub");
    joe.dialogue.rename_from = Some(VirtualPath::root().join(b"old"));
    assert_eq!(shown(&joe, "RNTO new", "%w %F"), "/old /pub/new");
}

#[test]
fn a_transfer_has_size_time_and_outcome() {
    let mut joe = joe();
    let text =
        "%F %b %T %{transfer-millisecs} %{transfer-speed} %{transfer-status} %{transfer-type} %{transfer-failure}";
    assert_eq!(shown(&joe, "NOOP", text), "- - - - - - - -");
    joe.session.transfer = Some(transfer(b"up", Outcome::Complete));
    joe.dialogue.respond(226, "Transfer complete");
    assert_eq!(shown(&joe, "STOU", text), "/up 2048 0.500 500 4.000 success binary -");
    joe.session.transfer = Some(transfer(b"up", Outcome::Incomplete));
    joe.dialogue.respond(426, "Transfer aborted");
    assert_eq!(
        shown(&joe, "STOR x", "%s %S: %{transfer-status}, %{transfer-failure}"),
        "426 Transfer aborted: failed, Transfer aborted"
    );
    for (line, direction, offset, expected, size) in [
        ("RETR x", Direction::Out, 48, Some(2048), "2096"),
        ("LIST", Direction::Out, 0, None, "-"),
        ("STOR x", Direction::In, 0, None, "2048"),
        ("STOR x", Direction::In, 48, None, "2096"),
        ("APPE x", Direction::In, 48, None, "2096"),
    ] {
        let complete = transfer(b"up", Outcome::Complete);
        joe.session.transfer = Some(Transfer { direction, offset, expected, ..complete });
        assert_eq!(shown(&joe, line, "%{file-size}"), size, "{line}");
    }
    let longer = Transfer { offset: 48, size_before: Some(5000), ..transfer(b"up", Outcome::Complete) };
    joe.session.transfer = Some(longer);
    assert_eq!(shown(&joe, "STOR x", "%{file-size} %{file-modified}"), "5000 true");
    let mut broken = transfer(b"up", Outcome::Complete);
    broken.ended = broken.began - Duration::from_secs(1);
    joe.session.transfer = Some(broken);
    assert_eq!(shown(&joe, "STOR x", "%T %{transfer-speed}"), "0.000 -", "the clock went back");
}

#[test]
fn a_module_contributes_variables_and_a_panic_is_no_value() {
    let mut joe = joe();
    joe.session.began = noon() - Duration::from_secs(90);
    joe.session.notes.set("mod_sql.noted", "a note");
    let text = "%{mod_sql.age} %{mod_sql.noted} %{note:mod_sql.noted} %{mod_sql.broken}";
    assert_eq!(shown(&joe, "NOOP", text), "90 a note a note -");
}

#[test]
fn the_end_has_its_reason_and_no_response_time() {
    let mut joe = joe();
    assert_eq!(shown(&joe, "NOOP", "%E"), "-");
    joe.session.ending = Some(Ending("Quit".to_owned()));
    assert_eq!(shown(&joe, "EXIT", "%m %E %R %b"), "EXIT Quit - -");
}
