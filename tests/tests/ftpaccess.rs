//! `.ftpaccess`: users say what holds in their folders, where AllowOverride lets
//! them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gantry_tests::prelude::*;

const NO_WRITE: &str = "<Limit WRITE>\n  DenyAll\n</Limit>\n";

/// A server that reads `.ftpaccess` files, with a folder and a file in it.
fn open_server(layout: Layout, change: impl FnOnce(&mut Config)) -> Server {
    let server = Server::with(layout, |config| {
        config.set("AllowOverride", "on").set("AllowOverwrite", "off");
        change(config);
    });
    server.make_folder("folder");
    server.put("folder/file", "content");
    server
}

fn it_denies_what_is_in_its_folder_and_below(layout: Layout) {
    let server = open_server(layout, |_| {});
    server.make_folder("folder/below");
    server.put("folder/.ftpaccess", NO_WRITE);
    symlink("folder", server.home().join("alias")).unwrap();
    let mut wire = server.login();
    assert_eq!(wire.store("file"), 150);
    for name in ["folder/new", "folder/below/new", "alias/new", "folder/.ftpaccess"] {
        assert_eq!(wire.store(name), 550, "{name}");
    }
    let answer = wire.expect("DELE folder/file", 550).text();
    assert!(answer.ends_with("folder/file: Operation not permitted"), "{answer}");
    wire.expect("RNFR file", 350);
    wire.expect("RNTO folder/moved", 550);
    assert_eq!(wire.fetch("RETR folder/file"), b"content");
    wire.expect("CWD folder/below", 250);
    assert_eq!(wire.store("new"), 550);
}

fn a_file_further_in_counts_more(layout: Layout) {
    let server = open_server(layout, |_| {});
    server.make_folder("folder/open");
    server.put("folder/.ftpaccess", NO_WRITE);
    server.put("folder/open/.ftpaccess", "<Limit WRITE>\n  AllowAll\n</Limit>\n");
    let mut wire = server.login();
    assert_eq!(wire.store("folder/open/new"), 150);
    assert_eq!(wire.store("folder/new"), 550);
}

fn modules_go_by_it_too(layout: Layout) {
    let server = open_server(layout, |_| {});
    server.put("file", "content");
    let mut wire = server.login();
    assert_eq!(wire.store("folder/file"), 550);
    server.put("folder/.ftpaccess", "AllowOverwrite on\nUmask 077\n");
    assert_eq!(wire.store("folder/file"), 150);
    assert_eq!(wire.store("folder/new"), 150);
    assert_eq!(wire.store("file"), 550);
    assert_eq!(server.read("folder/file"), b"new");
    let mode = fs::metadata(server.home().join("folder/new")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

fn a_change_takes_effect_at_once(layout: Layout) {
    let server = open_server(layout, |_| {});
    let mut wire = server.login();
    for _ in 0..20 {
        server.put("folder/.ftpaccess", "<Limit READ>\n  DenyAll\n</Limit>\n");
        let _stream = wire.passive();
        wire.expect("RETR folder/file", 550);
        // Of the same length.
        server.put("folder/.ftpaccess", "<Limit RNTO>\n  DenyAll\n</Limit>\n");
        assert_eq!(wire.fetch("RETR folder/file"), b"content");
    }
    server.put("folder/.ftpaccess", NO_WRITE);
    wire.expect("DELE folder/file", 550);
    fs::remove_file(server.home().join("folder/.ftpaccess")).unwrap();
    wire.expect("DELE folder/file", 250);
}

fn a_faulty_one_refuses_its_folder(layout: Layout) {
    let server = open_server(layout, |_| {});
    server.put("folder/.ftpaccess", "Umask 077\nNonsense\n");
    let mut wire = server.login();
    for _ in 0..3 {
        let _stream = wire.passive();
        wire.expect("RETR folder/file", 550);
        assert_eq!(wire.store("folder/new"), 550);
        wire.expect("CWD folder", 550);
        wire.expect("DELE folder/.ftpaccess", 550);
    }
    assert_eq!(wire.store("file"), 150);
    let told = format!("on line 2 of '{}/folder/.ftpaccess'", server.home().canonicalize().unwrap().display());
    server.wait_for_log(&["unknown configuration directive 'Nonsense'", &told]);
    assert_eq!(server.log().lines().filter(|line| line.contains("'Nonsense'")).count(), 1, "it is told once");
    server.put("folder/.ftpaccess", "Umask 077\n");
    wire.expect("CWD folder", 250);
}

fn a_link_and_a_huge_one_are_faulty(layout: Layout) {
    let server = open_server(layout, |_| {});
    server.put("other", "AllowOverwrite on\n");
    symlink("../other", server.home().join("folder/.ftpaccess")).unwrap();
    server.make_folder("huge");
    server.put("huge/.ftpaccess", "#".repeat(1 << 20));
    server.make_folder("odd");
    server.make_folder("odd/.ftpaccess");
    let mut wire = server.login();
    for name in ["folder", "huge", "odd"] {
        wire.expect(format!("CWD {name}"), 550);
    }
    server.wait_for_log(&["not a regular file", "folder/.ftpaccess"]);
    server.wait_for_log(&["file too large", "huge/.ftpaccess"]);
}

fn it_can_be_read_and_listed_as_any_file(layout: Layout) {
    let server = open_server(layout, |_| {});
    server.put("folder/.ftpaccess", "AllowOverwrite on\n");
    let mut wire = server.login();
    assert_eq!(wire.fetch("RETR folder/.ftpaccess"), b"AllowOverwrite on\n");
    assert!(wire.list("LIST -a folder").iter().any(|line| line.ends_with(".ftpaccess")));
}

fn no_client_changes_it(layout: Layout) {
    let server = open_server(layout, |config| {
        config.set("AllowOverwrite", "on");
        // Even where it does not count: the folder could come to lie where it does.
        let home = config.home().display().to_string();
        config.block(format!("<Directory {home}/plain>\n  AllowOverride off\n</Directory>"));
    });
    server.make_folder("plain");
    server.put("folder/.ftpaccess", "AllowOverwrite on\n");
    symlink(".ftpaccess", server.home().join("folder/alias")).unwrap();
    let mut wire = server.login();
    for name in
        ["folder/.ftpaccess", "folder/alias", ".ftpaccess", ".FTPAccess", "plain/.ftpaccess", "folder/./.ftpaccess"]
    {
        assert_eq!(wire.store(name), 550, "{name}");
        let _stream = wire.passive();
        wire.expect(format!("APPE {name}"), 550);
    }
    wire.expect("RNFR folder/file", 350);
    wire.expect("RNTO folder/.ftpaccess", 550);
    wire.expect("RNFR folder/.ftpaccess", 350);
    wire.expect("RNTO folder/other", 550);
    for line in [
        "MKD .ftpaccess",
        "MKD plain/.ftpaccess",
        "DELE folder/.ftpaccess",
        "RMD folder/.ftpaccess",
        "SITE CHMOD 000 folder/.ftpaccess",
        "MFMT 20200101000000 folder/.ftpaccess",
        "MFMT 20200101000000 folder/alias",
    ] {
        let answer = wire.ask(line);
        assert_eq!(answer.code, 550, "{line}: {}", answer.text());
    }
    assert_eq!(server.read("folder/.ftpaccess"), b"AllowOverwrite on\n");
    assert_eq!(server.read("folder/file"), b"content");
}

fn a_directive_lets_clients_change_it(layout: Layout) {
    let server = open_server(layout, |config| {
        config.set("AllowOverrideWrite", "on");
    });
    let mut wire = server.login();
    wire.give("STOR folder/.ftpaccess", NO_WRITE.as_bytes());
    wire.expect("DELE folder/.ftpaccess", 550);
}

fn without_allow_override_it_is_any_file(layout: Layout) {
    let server = Server::start(layout);
    server.make_folder("folder");
    server.put("folder/.ftpaccess", "Nonsense\n");
    assert_eq!(server.login().store("folder/new"), 150);
}

fn a_directory_may_forbid_it(layout: Layout) {
    let server = open_server(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!("<Directory {home}/folder>\n  AllowOverride off\n</Directory>"));
        config.block(format!("<Directory {home}/kept>\n  <Limit WRITE>\n    DenyAll\n  </Limit>\n</Directory>"));
    });
    server.make_folder("kept");
    server.put("folder/.ftpaccess", NO_WRITE);
    server.put(".ftpaccess", "<Limit WRITE>\n  AllowAll\n</Limit>\n");
    let mut wire = server.login();
    assert_eq!(wire.store("folder/new"), 150);
    assert_eq!(wire.store("kept/new"), 550, "a section further in counts more");
}

fn what_it_said_outlives_no_generation(layout: Layout) {
    let mut server = open_server(layout, |_| {});
    server.put("folder/.ftpaccess", NO_WRITE);
    let file = server.home().join("folder/.ftpaccess");
    // What has just changed is not remembered.
    gantry_tests::wait::for_condition("the file has been as it is for a while", || {
        let changed = u64::try_from(fs::metadata(&file).unwrap().ctime()).unwrap();
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap() > Duration::from_secs(changed + 3)
    });
    let mut old = server.login();
    assert_eq!(old.store("folder/new"), 550);
    assert_eq!(old.store("folder/new"), 550);
    server.swap(|config| {
        config.set("AllowOverride", "off");
    });
    assert_eq!(old.store("folder/new"), 550);
    assert_eq!(server.login().store("folder/new"), 150);
    drop(old);
    server.wait_for_log(&["generation 1 retired"]);
}

both_layouts!(
    it_denies_what_is_in_its_folder_and_below,
    a_file_further_in_counts_more,
    modules_go_by_it_too,
    a_change_takes_effect_at_once,
    a_faulty_one_refuses_its_folder,
    a_link_and_a_huge_one_are_faulty,
    it_can_be_read_and_listed_as_any_file,
    no_client_changes_it,
    a_directive_lets_clients_change_it,
    without_allow_override_it_is_any_file,
    a_directory_may_forbid_it,
    what_it_said_outlives_no_generation,
);
