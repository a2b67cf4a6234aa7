//! Who is let in, and how soon: UserPassword, UseFtpUsers, AnonRejectPasswords, AllowChrootSymlinks, mod_delay.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use gantry_tests::config::PASSWORD_CRYPT;
use gantry_tests::prelude::*;

fn a_password_of_the_configuration_counts_instead_of_the_users(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("UserPassword", format!("bob {PASSWORD_CRYPT}"));
    });
    let mut wire = server.connect();
    wire.expect("USER bob", 331);
    wire.expect("PASS plain as day", 530);
    wire.login("bob", PASSWORD);
    server.connect().login(USER, PASSWORD);
}

fn anonymous_clients_may_have_to_give_an_address(layout: Layout) {
    let server = Server::with(layout, |config| {
        let root = config.home().display().to_string();
        config.block(format!(
            "<Anonymous {root}>\nUser {USER}\nUserAlias anonymous {USER}\n\
             AnonRejectPasswords !^[a-z]+@[a-z.]+$ [NC]\n</Anonymous>"
        ));
    });
    let mut wire = server.connect();
    wire.expect("USER anonymous", 331);
    wire.expect("PASS none", 530);
    server.wait_for_log(&["AnonRejectPasswords denies login"]);
    wire.expect("USER anonymous", 331);
    wire.expect("PASS Ann@example.org", 230);
}

fn a_root_may_have_to_be_no_link(layout: Layout) {
    for (setting, code) in [("on", 230), ("off", 530)] {
        let server = Server::with(layout, |config| {
            let folder = fs::canonicalize(config.folder()).unwrap();
            let _ = symlink(config.home(), folder.join("link"));
            config.set("DefaultRoot", folder.join("link").display().to_string()).set("AllowChrootSymlinks", setting);
        });
        let mut wire = server.connect();
        wire.expect(format!("USER {USER}"), 331);
        wire.expect(format!("PASS {PASSWORD}"), code);
    }
    let plain = Server::with(layout, |config| {
        let home = fs::canonicalize(config.folder()).unwrap().join("home");
        config.set("DefaultRoot", format!("{}/", home.display())).set("AllowChrootSymlinks", "off");
    });
    plain.login();
}

fn logins_are_delayed(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("DelayOnEvent Connect 300-400ms\nDelayOnEvent FailedLogin 1s\nDelayOnEvent USER 200ms");
    });
    let timed = |act: &mut dyn FnMut()| {
        let began = Instant::now();
        act();
        began.elapsed()
    };
    let mut wire = None;
    assert!(timed(&mut || wire = Some(server.connect())) >= Duration::from_millis(300));
    let mut wire = wire.unwrap();
    assert!(timed(&mut || drop(wire.expect(format!("USER {USER}"), 331))) >= Duration::from_millis(200));
    assert!(timed(&mut || drop(wire.expect("PASS wrong", 530))) >= Duration::from_secs(1));
}

fn logins_are_answered_while_their_times_are_learned(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("DelayEngine", "on").add("MaxLoginAttempts", "none");
    });
    let mut wire = server.connect();
    wire.login(USER, PASSWORD);
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("PASS wrong", 530);
    wire.login(USER, PASSWORD);
}

fn a_folder_may_be_found_by_cdpath(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("CDPath", "/deep");
    });
    for folder in ["deep", "deep/folder", "folder"] {
        server.make_folder(folder);
    }
    server.make_folder("deep/other");
    let mut wire = server.login();
    for (line, there) in [("CWD other", "/deep/other"), ("CWD folder", "/deep/folder"), ("CWD /folder", "/folder")] {
        wire.expect(line, 250);
        assert!(wire.expect("PWD", 257).text().contains(&format!("\"{there}\"")), "{line}");
    }
    wire.expect("CWD nowhere", 550);
}

fn uploads_have_other_names_and_keep_their_bytes(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("StoreUniquePrefix", "new-").add("TransferOptions", "IgnoreASCII");
    });
    let mut wire = server.login();
    wire.expect("TYPE A", 200);
    wire.give("STOR file", b"a\nb\r\n");
    assert_eq!(server.read("file"), b"a\nb\r\n");
    assert_eq!(wire.fetch("RETR file"), b"a\nb\r\n");
    let mut stream = wire.passive();
    let answer = wire.expect("STOU", 150).text();
    std::io::Write::write_all(&mut stream, b"x").unwrap();
    drop(stream);
    assert_eq!(wire.reply().code, 226);
    assert!(answer.starts_with("150 FILE: new-"), "{answer}");
}

both_layouts!(
    uploads_have_other_names_and_keep_their_bytes,
    a_password_of_the_configuration_counts_instead_of_the_users,
    anonymous_clients_may_have_to_give_an_address,
    a_root_may_have_to_be_no_link,
    logins_are_delayed,
    logins_are_answered_while_their_times_are_learned,
    a_folder_may_be_found_by_cdpath,
);
