//! `<Limit>`, `<Directory>`, AllowOverwrite and Umask: the one gate that each
//! command passes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gantry_tests::prelude::*;

fn limit_write_keeps_everything_as_it_is(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("<Limit WRITE>\n  DenyAll\n</Limit>");
    });
    server.put("file", "content");
    server.make_folder("folder");
    let mut wire = server.login();
    assert!(wire.store("new") >= 500);
    assert!(wire.store("file") >= 500);
    let _stream = wire.passive();
    assert!(wire.ask("APPE file").code >= 500);
    for line in ["DELE file", "MKD new", "RMD folder"] {
        let answer = wire.expect(line, 550).text();
        assert!(answer.ends_with("Operation not permitted") || answer.ends_with("Permission denied"), "{answer}");
    }
    // As in ProFTPD itself; its manual has RNFR in DIRS.
    wire.expect("RNFR file", 550);
    let renamed = wire.ask("RNTO other");
    assert!([503, 550].contains(&renamed.code), "{}", renamed.text());
    assert_eq!(wire.fetch("RETR file"), b"content");
    assert_eq!(wire.list("NLST").len(), 2);
}

fn limit_read_hides_content_and_not_names(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("<Limit READ>\n  DenyAll\n</Limit>");
    });
    server.put("file", "content");
    let mut wire = server.login();
    let _stream = wire.passive();
    wire.expect("RETR file", 550);
    assert_eq!(wire.store("new"), 150);
    assert_eq!(wire.list("NLST").len(), 2);
}

fn a_limit_of_one_command_concerns_that_alone(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("<Limit DELE MKD>\n  DenyAll\n</Limit>");
    });
    server.put("file", "content");
    let mut wire = server.login();
    wire.expect("DELE file", 550);
    wire.expect("MKD folder", 550);
    assert_eq!(wire.store("new"), 150);
}

fn limit_all_leaves_a_client_what_it_needs_to_talk(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("<Limit ALL>\n  DenyAll\n</Limit>\n<Limit EPSV>\n  DenyAll\n</Limit>");
    });
    server.put("file", "content");
    let mut wire = server.login();
    for (line, code) in [("TYPE I", 200), ("SYST", 215), ("PASV", 227), ("REST 0", 350), ("OPTS UTF8 ON", 200)] {
        wire.expect(line, code);
    }
    for line in ["EPSV", "RETR file", "LIST", "PWD", "FEAT", "NOOP", "SITE CHMOD 600 file"] {
        wire.expect(line, 550);
    }
    wire.expect("QUIT", 221);
}

fn limit_login_lets_nobody_in(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("<Limit LOGIN>\n  DenyAll\n</Limit>");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect(format!("PASS {PASSWORD}"), 530);
    wire.expect("PWD", 530);
}

fn whom_limit_login_refuses_may_try_as_another(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(format!("<Limit LOGIN>\n  DenyUser {USER}\n</Limit>"));
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    let answer = wire.expect(format!("PASS {PASSWORD}"), 530).text();
    assert!(answer.ends_with("Login incorrect."), "{answer}");
    wire.login("bob", "plain as day");
}

fn rules_by_host_name_are_told_of_where_no_name_is_known(layout: Layout) {
    let limit = "<Limit READ>\n  Deny from .example.com\n</Limit>";
    let class = "<Class office>\n  From 10.0.0.0/8 host.example.com\n</Class>";
    let addresses = "<Limit WRITE>\n  Deny from 192.0.2.1 10.*\n</Limit>";
    let mut server = Server::with(layout, |config| {
        config.block(limit).block(class).block(addresses);
    });
    for rule in ["Deny from .example.com", "From 10.0.0.0/8"] {
        let line = format!("line {} of", server.config().line_of(rule));
        server.wait_for_log(&["names hosts, and UseReverseDNS is off", &line]);
    }
    let told = |server: &Server| server.log().lines().filter(|line| line.contains("names hosts")).count();
    assert_eq!(told(&server), 2);
    server.swap(|config| {
        config.set("UseReverseDNS", "on");
    });
    assert_eq!(told(&server), 2);
}

fn a_directory_has_limits_of_its_own(layout: Layout) {
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!("<Directory {home}/closed>\n  <Limit WRITE>\n    DenyAll\n  </Limit>\n</Directory>"));
        config
            .block(format!("<Directory {home}/closed/open>\n  <Limit WRITE>\n    AllowAll\n  </Limit>\n</Directory>"));
    });
    server.make_folder("closed");
    server.make_folder("closed/open");
    server.make_folder("closed/other");
    let mut wire = server.login();
    assert_eq!(wire.store("file"), 150);
    assert!(wire.store("closed/file") >= 500);
    assert!(wire.store("closed/other/file") >= 500);
    assert!(wire.store("closed/../closed/file") >= 500, "whatever the path looks like");
    assert_eq!(wire.store("closed/open/file"), 150);
    wire.expect("CWD closed", 250);
    assert!(wire.store("file") >= 500, "a relative name as well");
    wire.expect("RNFR open/file", 350);
    assert!(wire.ask("RNTO here").code >= 500, "nor can one rename into it");
}

fn a_limit_holds_behind_a_link_too(layout: Layout) {
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!("<Directory {home}/closed>\n  <Limit WRITE>\n    DenyAll\n  </Limit>\n</Directory>"));
    });
    server.make_folder("closed");
    std::os::unix::fs::symlink("closed", server.home().join("alias")).unwrap();
    assert!(server.login().store("alias/file") >= 500);
    assert!(!server.home().join("closed/file").exists());
}

fn without_allow_overwrite_a_file_is_kept(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("AllowOverwrite", "off");
    });
    server.put("file", "content");
    server.put("other", "other");
    let mut wire = server.login();
    assert_eq!(wire.store("file"), 550);
    assert_eq!(wire.store("new"), 150);
    wire.expect("RNFR other", 350);
    assert!(wire.ask("RNTO file").code >= 500);
    assert_eq!(server.read("file"), b"content");
    assert_eq!(server.read("other"), b"other");
}

fn allow_overwrite_can_differ_in_a_directory(layout: Layout) {
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!("<Directory {home}/kept>\n  AllowOverwrite off\n</Directory>"));
    });
    server.make_folder("kept");
    server.put("kept/file", "content");
    server.put("file", "content");
    let mut wire = server.login();
    assert_eq!(wire.store("kept/file"), 550);
    assert_eq!(wire.store("file"), 150);
}

fn umask_sets_the_modes_of_what_is_made(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("Umask", "027 077");
    });
    let mut wire = server.login();
    assert_eq!(wire.store("file"), 150);
    wire.expect("MKD folder", 257);
    let mode = |name: &str| fs::metadata(server.home().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("file"), mode("folder")), (0o640, 0o700));
}

fn global_settings_reach_the_server(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.remove("AllowOverwrite").block("<Global>\n  AllowOverwrite on\n</Global>");
    });
    server.put("file", "content");
    assert_eq!(server.login().store("file"), 150);
}

both_layouts!(
    limit_write_keeps_everything_as_it_is,
    limit_read_hides_content_and_not_names,
    a_limit_of_one_command_concerns_that_alone,
    limit_all_leaves_a_client_what_it_needs_to_talk,
    limit_login_lets_nobody_in,
    whom_limit_login_refuses_may_try_as_another,
    rules_by_host_name_are_told_of_where_no_name_is_known,
    a_directory_has_limits_of_its_own,
    a_limit_holds_behind_a_link_too,
    without_allow_overwrite_a_file_is_kept,
    allow_overwrite_can_differ_in_a_directory,
    umask_sets_the_modes_of_what_is_made,
    global_settings_reach_the_server,
);
