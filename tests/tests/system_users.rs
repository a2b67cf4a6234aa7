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

both_layouts!(
    files_belong_to_the_user_who_made_them,
    without_a_user_directive_they_do_as_well,
    one_user_reads_nothing_of_another,
    between_operations_it_is_the_user_of_the_configuration,
);
