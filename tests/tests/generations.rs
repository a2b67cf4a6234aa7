//! SIGHUP and SIGTERM: a session keeps its generation, a new one gets the new
//! configuration, and a faulty one changes nothing.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gantry_tests::prelude::*;
use gantry_tests::wait;
use gantry_tests::wire::read_all;

fn a_new_configuration_serves_new_sessions_and_old_ones_keep_theirs(layout: Layout) {
    let mut server = Server::start(layout);
    server.put("file", "content");
    let mut old = server.login();
    server.swap(|config| {
        config.set("AllowOverwrite", "off");
    });
    let mut new = server.login();
    let _stream = new.passive();
    new.expect("STOR file", 550);
    old.give("STOR file", b"by the old one");
    assert_eq!(server.read("file"), b"by the old one");
    old.expect("QUIT", 221);
    server.wait_for_log(&["generation 1 retired"]);
    new.expect("NOOP", 200);
}

fn a_transfer_outlives_the_generation_that_began_it(layout: Layout) {
    let mut server = Server::start(layout);
    server.put("large", vec![7; 32 << 20]);
    let mut wire = server.login();
    let mut stream = wire.passive();
    wire.expect("RETR large", 150);
    stream.read_exact(&mut [0; 100]).unwrap();
    server.swap(|_| {});
    assert_eq!(read_all(&mut stream).len(), (32 << 20) - 100);
    assert_eq!(wire.reply().code, 226);
}

fn a_faulty_configuration_changes_nothing_and_says_why(layout: Layout) {
    let mut server = Server::start(layout);
    let mut old = server.login();
    for fault in [
        "NoSuchDirective on",
        "AllowOverwrite perhaps",
        "<Limit WRITE>",
        "LoadModule mod_no_such_module.c",
        "SQLNamedQuery",
    ] {
        server.reconfigure(|config| {
            config.without_blocks().block(fault).set("AllowOverwrite", "off");
        });
        let refusals = || server.log().matches("is rejected").count();
        let before = refusals();
        server.sighup();
        wait::for_condition("the refusal is logged", || refusals() > before);
        let mut wire = server.login();
        wire.give("STOR file", b"content");
        wire.give("STOR file", b"still overwritten");
    }
    let file = server.folder().join("gantryd.conf");
    server.wait_for_log(&[
        "Fatal: unknown configuration directive 'NoSuchDirective' on line",
        &format!("of '{}'", file.display()),
    ]);
    old.expect("NOOP", 200);
}

fn a_configuration_that_asks_for_a_missing_database_changes_nothing(layout: Layout) {
    let mut server = Server::start(layout);
    server.reconfigure(|config| {
        config.set("SQLConnectInfo", "/nonexistent/folder/users.db");
    });
    server.sighup();
    server.wait_for_log(&["is rejected"]);
    server.login().expect("NOOP", 200);
}

fn no_row_is_lost_while_generations_are_swapped_under_writes(layout: Layout) {
    const WRITERS: usize = 4;
    const SWAPS: usize = 20;
    let server = Server::with(layout, |config| {
        config.block("SQLNamedQuery log-transfer INSERT \"'%m', '%u', '%f', %b\" log\nSQLLog STOR log-transfer");
    });
    let (done, uploads) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (server, done, uploads) = (&server, &done, &uploads);
            scope.spawn(move || upload_until(server.address(), writer, done, uploads));
        }
        for swap in 1..=SWAPS {
            let target = uploads.load(Ordering::Relaxed) + WRITERS;
            wait::for_condition("uploads go on", || uploads.load(Ordering::Relaxed) >= target);
            server.sighup();
            let serves = format!("generation {} serves", swap + 1);
            wait::for_condition("the next generation serves", || server.log().contains(&serves));
        }
        done.store(true, Ordering::Relaxed);
    });
    let uploads = uploads.load(Ordering::Relaxed);
    wait::for_condition("as many rows as uploads", || server.sql("SELECT count(*) FROM log") == uploads.to_string());
    assert_eq!(server.sql("SELECT count(DISTINCT path) FROM log"), uploads.to_string());
    server.wait_for_log(&[&format!("generation {SWAPS} retired")]);
}

/// Uploads file after file, a session for every third.
fn upload_until(address: std::net::SocketAddr, writer: usize, done: &AtomicBool, uploads: &AtomicUsize) {
    let mut number = 0;
    while !done.load(Ordering::Relaxed) {
        let mut wire = Wire::connect(address);
        wire.login(USER, PASSWORD);
        for _ in 0..3 {
            wire.give(format!("STOR {writer}-{number}"), b"content");
            number += 1;
            uploads.fetch_add(1, Ordering::Relaxed);
        }
        wire.expect("QUIT", 221);
    }
}

fn sigterm_tells_clients_and_ends_with_status_0(layout: Layout) {
    let mut server = Server::start(layout);
    let (mut idle, mut busy) = (server.login(), server.login());
    let mut stream = busy.passive();
    busy.expect("STOR part", 150);
    stream.write_all(b"some").unwrap();
    assert!(server.terminate().success());
    let last = idle.until_closed().unwrap();
    assert!(last.is_empty() || last.starts_with("421"), "{last}");
    assert!(!server.var("gantryd.pid").exists());
}

fn the_pid_file_names_the_process(layout: Layout) {
    let server = Server::start(layout);
    let text = std::fs::read_to_string(server.var("gantryd.pid")).unwrap();
    assert_eq!(text.trim(), server.pid().to_string());
}

both_layouts!(
    a_new_configuration_serves_new_sessions_and_old_ones_keep_theirs,
    a_transfer_outlives_the_generation_that_began_it,
    a_faulty_configuration_changes_nothing_and_says_why,
    a_configuration_that_asks_for_a_missing_database_changes_nothing,
    no_row_is_lost_while_generations_are_swapped_under_writes,
    sigterm_tells_clients_and_ends_with_status_0,
    the_pid_file_names_the_process,
);
