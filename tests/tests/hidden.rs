//! What is hidden from clients (HideFiles, HideUser, HideGroup, HideNoAccess, IgnoreHidden), and what listings show
//! instead of the truth (DirFakeUser, DirFakeGroup, DirFakeMode, ListStyle).

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gantry_tests::config::Account;
use gantry_tests::prelude::*;

/// A server that hides names with a dot in its folder, with these lines in the section.
fn hiding(layout: Layout, lines: &str) -> Server {
    let server = Server::with(layout, |config| {
        config.block(format!("<Directory ~/folder>\n{lines}\n</Directory>"));
    });
    server.make_folder("folder");
    server.make_folder("folder/.sub");
    for name in [".secret", "file", ".sub/in"] {
        server.put(&format!("folder/{name}"), "content");
    }
    server
}

fn names(wire: &mut Wire, command: &str) -> Vec<String> {
    let mut names = wire.list(command);
    names.sort();
    names
}

fn files_are_left_out_of_listings_and_can_be_used(layout: Layout) {
    let server = hiding(layout, "HideFiles ^\\.");
    let mut wire = server.login();
    wire.expect("CWD folder", 250);
    for command in ["NLST -a", "NLST", "NLST *"] {
        let seen: Vec<String> =
            names(&mut wire, command).into_iter().filter(|name| ![".", ".."].contains(&name.as_str())).collect();
        assert_eq!(seen, ["file"], "{command}");
    }
    assert!(wire.list("MLSD").iter().all(|line| !line.contains("; .s")));
    assert!(!wire.expect("STAT .", 212).text().contains("secret"));
    wire.expect("MLST .secret", 550);
    assert_eq!(wire.fetch("RETR .secret"), b"content");
    assert_eq!(wire.list("NLST .sub"), [".sub/in"]);
    wire.expect("DELE .secret", 250);
}

fn what_is_ignored_does_not_exist(layout: Layout) {
    let server = hiding(layout, "HideFiles ^\\.\n<Limit RETR DELE WRITE CWD RNFR>\n  IgnoreHidden on\n</Limit>");
    let mut wire = server.login();
    wire.expect("CWD folder", 250);
    let _stream = wire.passive();
    let absent = "No such file or directory";
    for line in [
        "RETR .secret",
        "DELE .secret",
        "CWD .sub",
        "MKD .new",
        "RMD .sub",
        "RNFR .secret",
        "MFMT 20200101000000 .secret",
    ] {
        let answer = wire.expect(line, 550).text();
        assert!(answer.ends_with(absent), "{answer}");
    }
    assert_eq!((wire.store(".secret"), wire.store(".other"), wire.store("other")), (550, 550, 150));
    assert_eq!(fs::read(server.home().join("folder/.secret")).unwrap(), b"content");
    wire.expect("SIZE .secret", 213);
}

fn an_inner_section_ends_what_an_outer_one_hides(layout: Layout) {
    let server = hiding(layout, "HideFiles !^file$");
    server.put("folder/.ftpaccess", "");
    let mut wire = server.login();
    assert_eq!(names(&mut wire, "NLST folder"), ["folder/file"]);
    let server = Server::with(layout, |config| {
        config.block("<Directory ~>\nHideFiles x\n</Directory>\n<Directory ~/folder>\nHideFiles none\n</Directory>");
    });
    server.make_folder("folder");
    for name in ["x", "folder/x"] {
        server.put(name, "");
    }
    let mut wire = server.login();
    assert_eq!(
        (names(&mut wire, "NLST"), names(&mut wire, "NLST folder")),
        (vec!["folder".to_owned()], vec!["folder/x".to_owned()])
    );
}

fn ftpaccess_files_hide_too(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("AllowOverride", "on");
    });
    server.make_folder("folder");
    server.put("folder/.ftpaccess", "HideFiles \\.bak$\n");
    server.put("folder/a.bak", "");
    server.put("folder/a", "");
    assert_eq!(names(&mut server.login(), "NLST folder"), ["folder/a"]);
}

fn owners_and_groups_are_hidden(layout: Layout) {
    let (uid, gid) = Account::ids();
    for (line, seen) in [
        ("HideUser ~", false),
        ("HideUser !~", true),
        ("HideGroup ~", false),
        ("HideGroup !~", true),
        ("HideUser root\nHideUser ~", false),
        (&*format!("HideUser {uid}"), false),
        (&*format!("HideGroup !{gid}"), true),
    ] {
        let server = hiding(layout, line);
        assert_eq!(!server.login().list("NLST folder").is_empty(), seen, "{line}");
    }
    let trial = gantry_tests::server::Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.block("<Directory /x>\nHideUser nosuchuser\n</Directory>");
    });
    assert!(trial.done.text().contains("HideUser: unknown user 'nosuchuser'"));
}

fn what_nobody_may_use_is_hidden(layout: Layout) {
    let server = hiding(layout, "HideNoAccess on");
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(server.home().join("folder").join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    server.put("folder/closed", "");
    server.make_folder("folder/shut");
    server.make_folder("folder/open");
    for (name, bits) in [("closed", 0o200), ("shut", 0o600), ("open", 0o100)] {
        mode(name, bits);
    }
    let mut wire = server.login();
    assert_eq!(names(&mut wire, "NLST folder"), ["folder/file", "folder/open"]);
}

fn listings_show_other_owners_and_modes(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("DirFakeUser on somebody\nDirFakeGroup on ~\nDirFakeMode 0640\n<Directory ~/plain>\nDirFakeUser off\n</Directory>");
    });
    server.put("file", "content");
    server.make_folder("folder");
    server.make_folder("plain");
    server.put("plain/file", "");
    let mut wire = server.login();
    let lines = wire.list("LIST");
    let line = |name: &str| lines.iter().find(|line| line.ends_with(&format!(" {name}"))).unwrap().clone();
    assert!(line("file").starts_with("-rw-r-----   1 somebody "), "{lines:?}");
    assert!(line("folder").starts_with("drwxr-x---"), "{lines:?}");
    let facts = wire.expect("MLST file", 250).text();
    assert!(facts.contains("UNIX.mode=0640;") && facts.contains("UNIX.ownername=somebody;"), "{facts}");
    assert!(facts.contains("perm=adfrw;"), "{facts}");
    assert!(!wire.list("LIST plain").iter().any(|line| line.contains("somebody")));
}

fn a_listing_may_look_as_on_windows_and_know_no_patterns(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("ListStyle Windows\nUseGlobbing off");
    });
    server.put("file", "content");
    server.make_folder("folder");
    let mut wire = server.login();
    let lines = wire.list("LIST");
    assert!(lines[0].ends_with("M                    7 file"), "{lines:?}");
    assert!(lines[1].ends_with("M       <DIR>          folder"), "{lines:?}");
    let _stream = wire.passive();
    wire.expect("NLST f*", 450);
}

both_layouts!(
    files_are_left_out_of_listings_and_can_be_used,
    what_is_ignored_does_not_exist,
    an_inner_section_ends_what_an_outer_one_hides,
    ftpaccess_files_hide_too,
    owners_and_groups_are_hidden,
    what_nobody_may_use_is_hidden,
    listings_show_other_owners_and_modes,
    a_listing_may_look_as_on_windows_and_know_no_patterns,
);
