//! A panic in a loaded module ends in a reply or a log line, wherever it
//! happens, and the other sessions go on.

use std::io::Write;

use gantry_tests::fixture::{Build, build, install};
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::wire::read_all;

/// A server with mod_trouble, whose panics carry a text of the
/// configuration's.
fn troubled(layout: Layout) -> Server {
    let object = build("mod_trouble", Build::Foreign);
    let mut server = Server::with(layout, |config| {
        let folder = config.own_modules();
        install(&object, "mod_trouble", &folder);
        config.add("LoadModule", "mod_trouble.c").add("TroubleText", "\"double trouble\"");
    });
    server.expect_panics();
    server
}

/// The other session's work, which nothing may disturb.
fn goes_on(other: &mut Wire) {
    other.give("STOR file", b"content");
    assert_eq!(other.fetch("RETR file"), b"content");
}

fn a_panic_in_a_hook_is_answered_451(layout: Layout) {
    let server = troubled(layout);
    let (mut wire, mut other) = (server.login(), server.login());
    for _ in 0..20 {
        let answer = wire.expect("SITE PANIC", 451).text();
        assert!(answer.contains("mod_trouble"), "{answer}");
    }
    goes_on(&mut wire);
    goes_on(&mut other);
    server.wait_for_log(&["mod_trouble", "double trouble: in a hook"]);
}

fn a_panic_behind_an_await_is_answered_451(layout: Layout) {
    let server = troubled(layout);
    let (mut wire, mut other) = (server.login(), server.login());
    for _ in 0..20 {
        wire.expect("SITE PANICLATER", 451);
    }
    wire.expect("SITE SLEEP", 200);
    goes_on(&mut wire);
    goes_on(&mut other);
    server.wait_for_log(&["mod_trouble", "double trouble: behind an await"]);
}

fn a_panic_in_a_drop_inside_a_future_is_answered_451(layout: Layout) {
    let server = troubled(layout);
    let (mut wire, mut other) = (server.login(), server.login());
    wire.expect("SITE PANICDROP", 451);
    goes_on(&mut wire);
    goes_on(&mut other);
}

fn a_panic_while_a_hanging_future_is_dropped_is_logged(layout: Layout) {
    let mut server = troubled(layout);
    let (mut wire, mut other) = (server.login(), server.login());
    wire.send("SITE PANICHANG");
    server.wait_for_log(&["mod_trouble", "hanging"]);
    goes_on(&mut other);
    // Its session never ends by itself: the daemon's end cuts it off.
    assert!(server.terminate().success());
    server.wait_for_log(&["mod_trouble", "double trouble: dropped"]);
}

fn a_panic_in_what_a_module_keeps_with_a_session_is_logged(layout: Layout) {
    let server = troubled(layout);
    let (mut wire, mut other) = (server.login(), server.login());
    wire.expect("SITE PANICSTATE", 200);
    wire.expect("QUIT", 221);
    server.wait_for_log(&["mod_trouble", "double trouble: dropped"]);
    goes_on(&mut other);
    goes_on(&mut server.login());
}

fn a_panic_in_a_task_is_logged(layout: Layout) {
    let server = troubled(layout);
    let (mut wire, mut other) = (server.login(), server.login());
    for _ in 0..5 {
        wire.expect("SITE PANICTASK", 200);
    }
    server.wait_for_log(&["double trouble: in a task"]);
    wire.expect("SITE SLEEP", 200);
    goes_on(&mut wire);
    goes_on(&mut other);
}

fn a_panic_in_a_meter_cuts_its_transfer(layout: Layout) {
    let server = troubled(layout);
    server.put("metered", [7; 20_000]);
    let (mut wire, mut other) = (server.login(), server.login());
    for _ in 0..5 {
        let mut stream = wire.passive();
        wire.expect("RETR metered", 150);
        assert_eq!(read_all(&mut stream).len(), 10_000);
        let answer = wire.reply();
        assert!(answer.code == 451 && answer.text().contains("mod_trouble"), "{}", answer.text());
    }
    server.wait_for_log(&["mod_trouble", "the fuse has burnt down"]);
    server.wait_for_log(&["mod_trouble", "double trouble: dropped"]);
    goes_on(&mut wire);
    goes_on(&mut other);
}

fn a_meters_panics_count_for_its_own_module(layout: Layout) {
    let object = build("mod_trouble", Build::Foreign);
    let mut server = Server::with(layout, |config| {
        let folder = config.own_modules();
        install(&object, "mod_trouble", &folder);
        config.add("LoadModule", "mod_trouble.c").add("ModulePanicLimit", "2");
    });
    server.expect_panics();
    server.put("metered", [7; 20_000]);
    let mut wire = server.login();
    for _ in 0..2 {
        let mut stream = wire.passive();
        wire.expect("RETR metered", 150);
        read_all(&mut stream);
        assert_eq!(wire.reply().code, 451);
    }
    server.wait_for_log(&["mod_trouble is marked failed"]);
    // It judges RETR, so that is refused; what moves files has not failed.
    let _stream = wire.passive();
    wire.expect("RETR metered", 451);
    wire.give("STOR file", b"content");
    assert!(server.log_line(&["mod_xfer is marked failed"]).is_none());
}

fn a_panic_in_a_layer_ends_one_session_alone(layout: Layout) {
    let server = troubled(layout);
    server.put("calm", "calm");
    server.put("loud", "loud!");
    let mut other = server.login();
    for _ in 0..5 {
        let mut wire = server.login();
        wire.expect("SITE PANICLAYER", 200);
        assert_eq!(wire.fetch("RETR calm"), b"calm");
        // On a data connection a transfer ends, on the control connection the session.
        let mut stream = wire.passive();
        wire.expect("RETR loud", 150);
        assert!(read_all(&mut stream).is_empty());
        let answer = wire.reply();
        assert!(answer.code == 451 && answer.text().contains("mod_trouble"), "{}", answer.text());
        let mut stream = wire.passive();
        wire.expect("STOR up", 150);
        stream.write_all(b"also loud!").unwrap();
        assert_eq!(wire.reply().code, 451);
        wire.expect("NOOP", 200);
        wire.send("NOOP !");
        assert_eq!(wire.until_closed().unwrap(), "");
    }
    server.wait_for_log(&["mod_trouble", "the layer has cracked"]);
    server.wait_for_log(&["mod_trouble", "double trouble: dropped"]);
    goes_on(&mut other);
    goes_on(&mut server.login());
}

fn a_panic_in_a_check_is_a_fault_of_the_configuration(layout: Layout) {
    let object = build("mod_trouble", Build::Foreign);
    let mut server = troubled(layout);
    for (text, said_of) in [("check", "a check"), ("offers", "an offer")] {
        let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
            let folder = config.own_modules();
            install(&object, "mod_trouble", &folder);
            config.add("LoadModule", "mod_trouble.c").add("TroubleText", text).set("TransferLog", "/nowhere/log");
        });
        let said = &trial.done.err;
        let line = trial.config.line_of("LoadModule mod_trouble.c");
        let fault = format!(" panicked: {said_of} on line {line} of '{}'", trial.file().display());
        assert!(said.contains("Fatal: mod_trouble: its ") && said.contains(&fault), "{said}");
        assert!(said.contains("TransferLog: unable to use '/nowhere/log'"), "others are asked as well: {said}");
        assert_eq!(trial.done.status.code(), Some(1), "{said}");
        server.reconfigure(|config| {
            config.set("TroubleText", text);
        });
        server.sighup();
        server.wait_for_log(&["Fatal: mod_trouble: "]);
        goes_on(&mut server.login());
    }
}

fn a_check_sees_the_scopes_of_all_sections(layout: Layout) {
    let object = build("mod_trouble", Build::Foreign);
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        let folder = config.own_modules();
        install(&object, "mod_trouble", &folder);
        config.add("LoadModule", "mod_trouble.c").add("TroubleNotice", "main");
        let inner = "<Directory /one>\nTroubleNotice folder\n</Directory>\n<IfUser joe>\nTroubleNotice person\n\
            <Directory /two>\nTroubleNotice personal-folder\n</Directory>\n</IfUser>\n\
            <Anonymous /srv>\nUser nobody\nTroubleNotice anonymous\n<Directory sub>\nTroubleNotice sub\n</Directory>\n</Anonymous>";
        config.block(inner).block("<Global>\nTroubleNotice global\n</Global>");
        config.block("<VirtualHost 127.0.0.2>\nPort 0\nTroubleNotice host\n</VirtualHost>");
    });
    let said = trial.done.text();
    assert_eq!(trial.done.status.code(), Some(0), "{said}");
    for word in ["main", "folder", "person", "personal-folder", "anonymous", "sub", "global", "host"] {
        let line = trial.config.line_of(&format!("TroubleNotice {word}"));
        let notice = format!("TroubleNotice: {word} on line {line} of '{}'", trial.file().display());
        assert_eq!(said.matches(&notice).count(), 1, "{notice}:\n{said}");
    }
}

both_layouts!(
    a_panic_in_a_check_is_a_fault_of_the_configuration,
    a_check_sees_the_scopes_of_all_sections,
    a_panic_in_a_hook_is_answered_451,
    a_panic_behind_an_await_is_answered_451,
    a_panic_in_a_drop_inside_a_future_is_answered_451,
    a_panic_while_a_hanging_future_is_dropped_is_logged,
    a_panic_in_what_a_module_keeps_with_a_session_is_logged,
    a_panic_in_a_task_is_logged,
    a_panic_in_a_meter_cuts_its_transfer,
    a_meters_panics_count_for_its_own_module,
    a_panic_in_a_layer_ends_one_session_alone,
);
