//! A daemon started as root: files are touched under each user's own ids, and
//! the daemon itself is nobody of importance in between.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use gantry_tests::prelude::*;

fn is_root() -> bool {
    let root = rustix::process::getuid().is_root();
    if !root {
        eprintln!("left out: only root can serve users of several ids");
    }
    root
}

/// Two users with ids and homes of their own.
fn with_two_ids(layout: Layout, change: impl FnOnce(&mut Config)) -> Server {
    let server = Server::with(layout, change);
    for (user, id) in [("carol", 54_321), ("dave", 54_322)] {
        let home = server.folder().join(user);
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        chown(&home, Some(id), Some(id)).unwrap();
        server.sql(&format!(
            "INSERT INTO users VALUES ('{user}', 'secret', {id}, {id}, '{}', '/bin/sh')",
            home.display()
        ));
    }
    server
}

fn check_two_users(server: &Server) {
    for (user, id) in [("carol", 54_321), ("dave", 54_322)] {
        let mut wire = server.connect();
        wire.login(user, "secret");
        wire.give("STOR file", b"content");
        wire.expect("MKD folder", 257);
        for name in ["file", "folder"] {
            let found = fs::metadata(server.folder().join(user).join(name)).unwrap();
            assert_eq!((found.uid(), found.gid()), (id, id), "{user}'s {name}");
        }
    }
}

fn files_belong_to_the_user_who_made_them(layout: Layout) {
    if is_root() {
        check_two_users(&with_two_ids(layout, |_| {}));
    }
}

fn without_a_user_directive_they_do_as_well(layout: Layout) {
    if is_root() {
        let server = with_two_ids(layout, |config| {
            config.remove("User").remove("Group");
        });
        check_two_users(&server);
    }
}

fn one_user_reads_nothing_of_another(layout: Layout) {
    if !is_root() {
        return;
    }
    let server = with_two_ids(layout, |config| {
        config.set("DefaultRoot", config.folder().display().to_string());
    });
    fs::write(server.folder().join("carol/secret"), "secret").unwrap();
    let mut wire = server.connect();
    wire.login("dave", "secret");
    wire.expect("CWD /carol", 550);
    let _stream = wire.passive();
    wire.expect("RETR /carol/secret", 550);
    wire.expect("DELE /carol/secret", 550);
}

fn between_operations_it_is_the_user_of_the_configuration(layout: Layout) {
    if !is_root() {
        return;
    }
    let server = Server::start(layout);
    server.login().give("STOR file", b"content");
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let uids: Vec<&str> =
        status.lines().find(|line| line.starts_with("Uid:")).unwrap().split_whitespace().skip(1).collect();
    let (uid, _) = gantry_tests::config::Account::ids();
    assert_eq!(uids[1], uid.to_string(), "the effective user id");
}

fn what_is_overwritten_loses_its_setuid_bit(layout: Layout) {
    if !is_root() {
        return;
    }
    for without_user in [false, true] {
        let server = with_two_ids(layout, |config| {
            if without_user {
                config.remove("User").remove("Group");
            }
        });
        let file = server.folder().join("carol/file");
        fs::write(&file, "old").unwrap();
        chown(&file, Some(54_321), Some(54_321)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o6755)).unwrap();
        let mut wire = server.connect();
        wire.login("carol", "secret");
        wire.give("STOR file", b"new content");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o755, "without User: {without_user}");
        if without_user {
            server.wait_for_log(&["staying root"]);
            assert!(fs::read_to_string(server.var("system.log")).unwrap().contains("staying root"));
        }
    }
}

fn an_account_with_the_daemons_uid_is_warned_of(layout: Layout) {
    if !is_root() {
        return;
    }
    let server = with_two_ids(layout, |_| {});
    let mut wire = server.connect();
    wire.login("carol", "secret");
    let mut wire = server.login();
    wire.expect("NOOP", 200);
    server.wait_for_log(&["has the uid of the daemon"]);
    let told = server.log_line(&["has the uid of the daemon"]).unwrap();
    assert!(!told.contains("carol"), "{told}");
}

fn its_memory_is_roots_whoever_started_it(layout: Layout) {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let script = folder.path().join("gantryd");
    let gantryd = layout.gantryd().display().to_string();
    let text = format!("#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups '{gantryd}' \"$@\"\n");
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::of(&script, |config| {
        config.remove("User").remove("Group");
    });
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    assert!(status.contains("Uid:\t65534"), "{status}");
    assert_eq!(fs::metadata(format!("/proc/{}/environ", server.pid())).unwrap().uid(), 0);
}

both_layouts!(
    files_belong_to_the_user_who_made_them,
    without_a_user_directive_they_do_as_well,
    one_user_reads_nothing_of_another,
    between_operations_it_is_the_user_of_the_configuration,
    what_is_overwritten_loses_its_setuid_bit,
    an_account_with_the_daemons_uid_is_warned_of,
    its_memory_is_roots_whoever_started_it,
);
