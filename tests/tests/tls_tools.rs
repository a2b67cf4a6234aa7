//! What operators have for TLS: `gantry tls`, the action `tls`, notes in logs, and the
//! demonstration.

use std::process::Command;

use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::tls::{self, Kind, Signed, Talk, Trust};
use gantry_tests::tool::{gantry, operated_with, told};
use gantry_tests::wait;

fn certificates_are_made_and_shown(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tool = |words: &[&str]| run(Command::new(layout.prefix().join("bin/gantry")).arg("tls").args(words), "");
    let made = tool(&["make", "--folder", &path(""), "ftp.example.com", "192.0.2.1"]).ok().out;
    let server = Server::with(layout, |config| {
        config.add("LoadModule", "mod_tls.c").add("TLSEngine", "on");
        for line in made.lines() {
            let (name, value) = line.split_once(' ').unwrap();
            config.add(name, value.trim());
        }
    });
    assert_eq!(server.connect().ask("AUTH TLS").code, 234);
    let again = tool(&["make", "--folder", &path(""), "ftp.example.com"]);
    assert!(!again.status.success() && again.err.contains("ftp.example.com.key"), "{}", again.err);
    let certificate = path("ftp.example.com.crt");
    let shown = tool(&["show", &certificate, "--key", &path("ftp.example.com.key")]).ok().out;
    for words in ["ftp.example.com, 192.0.2.1", "days left", "itself", "belongs"] {
        assert!(shown.contains(words), "{shown}");
    }
    tool(&["make", "--folder", &path(""), "other"]).ok();
    let wrong = tool(&["show", &certificate, "--key", &path("other.key")]);
    assert!(!wrong.status.success() && wrong.err.contains("does not belong"), "{}", wrong.err);
    let absent = tool(&["show", &path("absent")]);
    assert!(!absent.status.success() && absent.err.contains("absent"), "{}", absent.err);
}

fn the_action_shows_certificates_and_the_cache(layout: Layout) {
    let server = operated_with(layout, |config| {
        tls::configure(config);
        config.add("TLSControlsACLs", "all allow user *").add("TLSSessionCache", "internal: 600");
    });
    assert!(told(&server, layout, &["control", "tls"]).contains("CN=localhost"));
    assert!(told(&server, layout, &["control", "tls", "sesscache", "info"]).contains("0 sessions"));
    // A second control connection resumes the session of the first.
    let trust = Trust::of(server.folder());
    let mut first = Talk::connect(server.address(), &trust);
    first.auth().expect("NOOP", 200);
    let mut second = Talk::connect(server.address(), &trust);
    second.auth().login(USER, PASSWORD).private();
    assert!(tls::is_resumed(second.secure()));
    second.give("STOR file", b"content");
    assert_eq!(second.fetch("RETR file"), b"content");
    assert!(told(&server, layout, &["control", "tls", "sesscache", "clear"]).contains("cleared"));
    assert!(!gantry(&server, layout, &["control", "tls", "nonsense"]).status.success());
}

/// Without TLSSessionCache and TLSSessionTickets, nothing goes from one session to the next.
fn a_session_is_not_resumed_by_another_control_connection(layout: Layout) {
    let server = Server::with(layout, |config| {
        tls::configure(config);
    });
    for version in tls::Version::ALL {
        let trust = Trust::only(server.folder(), version);
        for _ in 0..2 {
            let mut talk = Talk::connect(server.address(), &trust);
            talk.auth().login(USER, PASSWORD).private();
            assert!(!tls::is_resumed(talk.secure()), "{version:?}");
            talk.give("STOR file", b"content");
        }
    }
}

fn logs_show_the_session_of_tls(layout: Layout) {
    let server = Server::with(layout, |config| {
        let authority = tls::configure(config);
        authority.sign("client", Kind::Ec, &["somebody"]);
        config.add("TLSVerifyClient", "optional").add("TLSOptions", "StdEnvVars ExportCertData");
        config.add("TLSCACertificateFile", authority.certificate().display().to_string());
        config.add("SQLNamedQuery", "tls INSERT \"'%{mod_tls.protocol} %{note:FTPS}', '%{mod_tls.client}', '%{note:TLS_CLIENT_S_DN_CN}', 1\" log");
        config.add("SQLLog", "PASS tls");
    });
    let folder = server.folder();
    let client = Signed::of(folder, "client");
    let mut talk = Talk::connect(server.address(), &Trust::showing(folder, &client));
    talk.auth().login(USER, PASSWORD).expect("QUIT", 221);
    server.connect().login(USER, PASSWORD);
    wait::for_condition("both logins are logged", || server.sql("SELECT count(*) FROM log") == "2");
    let rows = server.sql("SELECT verb, user, path FROM log ORDER BY rowid");
    assert_eq!(rows.lines().next(), Some("TLSv1.3 1|CN=somebody|somebody"), "{rows}");
    assert!(rows.lines().nth(1).is_some_and(|row| !row.contains("TLS") && !row.contains("somebody")), "{rows}");
}

both_layouts!(
    certificates_are_made_and_shown,
    the_action_shows_certificates_and_the_cache,
    a_session_is_not_resumed_by_another_control_connection,
    logs_show_the_session_of_tls,
);
