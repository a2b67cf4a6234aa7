//! Clients that take all there is of something: those who are logged in, operators and
//! reloads go on, and who comes too late is told why.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::wait;
use tempfile::TempDir;

/// A server that may open so many files, and cannot change that.
fn with_few_files(layout: Layout, files: usize, change: impl FnOnce(&mut Config)) -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let script = folder.path().join("gantryd");
    let gantryd = layout.gantryd().display().to_string();
    let become_nobody = match rustix::process::getuid().is_root() {
        true => "setpriv --reuid=65534 --regid=65534 --clear-groups",
        false => "",
    };
    let text = format!("#!/bin/sh\nulimit -n {files}\nexec {become_nobody} '{gantryd}' \"$@\"\n");
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::of(&script, |config| {
        config.remove("User").remove("Group");
        change(config);
    });
    (server, folder)
}

fn descriptors_do_not_run_out(layout: Layout) {
    let (mut server, _folder) = with_few_files(layout, 300, |config| {
        config.set("MaxUnauthenticatedPerHost", "none");
        let_operators_in(config);
    });
    server.put("file", "content");
    let mut first = server.login();
    let mut crowd = Vec::new();
    let refused = loop {
        let wire = Wire::open(server.address()).unwrap();
        if wire.greeting().code != 220 {
            break wire;
        }
        crowd.push(wire);
        assert!(crowd.len() < 300, "nobody is turned away");
    };
    assert_eq!(refused.greeting().code, 421);
    assert!(crowd.len() >= 5, "{}", crowd.len());
    // Each does as much as it can.
    let mut streams = Vec::new();
    for wire in &mut crowd {
        wire.login(USER, PASSWORD);
        streams.push(wire.passive());
    }
    for _ in 0..200 {
        assert_eq!(Wire::open(server.address()).unwrap().greeting().code, 421);
    }
    assert_eq!(first.fetch("RETR file"), b"content");
    assert_eq!(first.list("NLST").len(), 1);
    let mut operator = Operator::of(&server);
    assert_eq!(operator.does("status")["sessions"], crowd.len() + 1);
    server.sighup();
    server.wait_for_log(&["generation 2 serves"]);
    server.wait_for_log(&["the limit on open files allows"]);
    let told = server.log().lines().filter(|line| line.contains("the limit on open files allows")).count();
    assert_eq!(told, 1, "once a minute");
    drop((crowd, streams));
    wait::for_condition("there is room again", || {
        Wire::open(server.address()).is_ok_and(|wire| wire.greeting().code == 220)
    });
    assert!(server.terminate().success());
}

fn so_many_from_one_address_need_not_log_in(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxUnauthenticatedPerHost", "2");
    });
    let mut wires = [server.connect(), server.connect()];
    let third = || Wire::open(server.address()).unwrap().greeting().text();
    for _ in 0..50 {
        let words = third();
        assert!(words.contains("421") && words.contains("have not logged in"), "{words}");
    }
    server.wait_for_log(&["MaxUnauthenticatedPerHost reached"]);
    assert_eq!(server.log().lines().filter(|line| line.contains("MaxUnauthenticatedPerHost")).count(), 1);
    wires[0].login(USER, PASSWORD);
    let _third = server.connect();
    assert!(third().contains("421"));
    wires[0].expect("NOOP", 200);
    drop(wires);
    wait::for_condition("a place is free", || third().contains("220"));
}

fn nobody_waits_at_a_server_that_ends(layout: Layout) {
    let mut server = Server::with(layout, |config| {
        config.set("TimeoutStalled", "0");
    });
    server.put("large", vec![7; 64 << 20]);
    let mut wire = server.login();
    // It keeps the server from ending for a while.
    let _stream = wire.passive();
    wire.expect("RETR large", 150);
    server.signal_end();
    wait::for_condition("nobody listens", || std::net::TcpStream::connect(server.address()).is_err());
    drop(wire);
    assert!(server.ended().success());
}

both_layouts!(descriptors_do_not_run_out, so_many_from_one_address_need_not_log_in, nobody_waits_at_a_server_that_ends,);
