//! What the daemon's log says of sessions: in ProFTPD's form and words, so that fail2ban
//! and logwatch find what they look for; and where it goes (ServerLog, LogOptions).

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use gantry_tests::host::own_address;
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::wait;
use regex::Regex;

/// The text of a log, once it contains `end`.
#[track_caller]
fn text(server: &Server, name: &str, end: &str) -> String {
    let read = || fs::read_to_string(server.var(name)).unwrap_or_default();
    let found = wait::until(wait::PATIENCE, || Some(read()).filter(|text| text.contains(end)));
    found.unwrap_or_else(|| panic!("{name} does not contain {end}:\n{}", read()))
}

/// A login that PASS answers with a code.
fn log_in(server: &Server, user: &str, password: &str, code: u16) -> Wire {
    let mut wire = server.connect();
    wire.expect(format!("USER {user}"), 331);
    wire.expect(format!("PASS {password}"), code);
    wire
}

/// Debian's /etc/fail2ban/filter.d/proftpd.conf of fail2ban 1.0.2, with common.conf's
/// parts put in as fail2ban does.
struct Fail2Ban {
    prefix: Regex,
    failures: Vec<Regex>,
}

impl Fail2Ban {
    fn filter() -> Self {
        let hostname = r"\S+";
        let pid = r"(?:\[\d+\])";
        let daemon = r"[\[\(]?proftpd(?:\(\S+\))?[\]\)]?:?";
        let combined = format!(r"(?:{pid}?:\s+{daemon}|{daemon}{pid}?:?)");
        let prefix_line = format!(
            r"(?:\[\])?\s*(?:<[^.]+\.[^.]+>\s+)?(?:{hostname}\s+)?(?:kernel:\s?\[ *\d+\.\d+\]:?\s+)?(?:@vserver_\S+\s+)?(?:{combined}\s+)?(?:\[ID \d+ \S+\]\s+)?"
        );
        let address = r"(?:(?:::f{4,6}:)?(?P<host>(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:]+))";
        let prefix =
            format!(r"^{prefix_line}{hostname} \(\S+\[{address}\]\)[: -]+ (?P<content>(?:USER|SECURITY|Maximum) .+)$");
        let suffix = r"([uU]ser not authorized for login|[nN]o such user found|[iI]ncorrect password|[pP]assword expired|[aA]ccount disabled|[iI]nvalid shell: '\S+'|[uU]ser in \S+|[lL]imit (access|configuration) denies login|[nN]ot a UserAlias|[mM]aximum login length exceeded)";
        let failures = [
            format!(r"^USER (?P<user>\S+|.*?)(?: \(Login failed\))?: {suffix}"),
            r"^SECURITY VIOLATION: (?P<user>\S+|.*?) login attempted".to_owned(),
            r"^Maximum login attempts \(\d+\) exceeded".to_owned(),
        ];
        let failures = failures.iter().map(|failure| Regex::new(failure).unwrap()).collect();
        Self { prefix: Regex::new(&prefix).unwrap(), failures }
    }

    /// The address to ban, and what for.
    fn found(&self, line: &str) -> Option<(String, String)> {
        // fail2ban takes the time out before it looks at the rest.
        let rest = line.get("2026-11-28 11:12:59,798".len()..)?;
        let found = self.prefix.captures(rest)?;
        let content = &found["content"];
        self.failures
            .iter()
            .any(|failure| failure.is_match(content))
            .then(|| (found["host"].to_owned(), content.to_owned()))
    }
}

fn fail2ban_finds_failed_logins(layout: Layout) {
    let server = Server::with(layout, |config| {
        config
            .set("MaxLoginAttempts", "2")
            .block("<Limit LOGIN>\n  DenyUser bert\n</Limit>")
            .set("RequireValidShell", "on");
    });
    let home = server.home().display().to_string();
    for (user, shell) in [("hollow", "/bin/false"), ("bert", "/bin/sh")] {
        server.sql(&format!("INSERT INTO users VALUES ('{user}', 'secret', 1234, 1234, '{home}', '{shell}')"));
    }
    let address = server.address();
    let mut wire = log_in(&server, "nobody-here", "x", 530);
    wire.expect("USER alice", 331);
    wire.expect("PASS wrong", 530);
    log_in(&server, "hollow", "secret", 530);
    log_in(&server, "a b: (x[192.0.2.99]): USER c", "x", 530);
    log_in(&server, "bert", "secret", 530);
    server.wait_for_log(&["USER bert (Login failed): Limit access denies login"]);
    let filter = Fail2Ban::filter();
    let log = server.log();
    let found: Vec<(String, String)> = log.lines().filter_map(|line| filter.found(line)).collect();
    let wanted = [
        format!("USER nobody-here: no such user found from 127.0.0.1 [127.0.0.1] to {address}"),
        "USER alice (Login failed): Incorrect password".to_owned(),
        "Maximum login attempts (2) exceeded, connection refused".to_owned(),
        "USER hollow (Login failed): Invalid shell: '/bin/false'".to_owned(),
        format!("USER a b: (x[192.0.2.99]): USER c: no such user found from 127.0.0.1 [127.0.0.1] to {address}"),
        "USER bert (Login failed): Limit access denies login".to_owned(),
    ];
    assert_eq!(found.len(), wanted.len(), "{log}");
    for ((host, content), wanted) in found.iter().zip(&wanted) {
        assert_eq!(host, "127.0.0.1");
        assert!(content.starts_with(wanted.as_str()), "{content} is not {wanted}");
    }
}

/// The expressions of logwatch 7.7's scripts/services/proftpd-messages.
fn logwatch_counts_logins(layout: Layout) {
    let server = Server::start(layout);
    server.login();
    log_in(&server, USER, "wrong", 530);
    log_in(&server, "nobody-here", "x", 530);
    server.wait_for_log(&["nobody-here"]);
    let log = server.log();
    let finds = |expression: &str| {
        let expression = Regex::new(expression).unwrap();
        log.lines().filter(|line| expression.is_match(line)).count()
    };
    assert_eq!(finds(r"\((.*)\[(.*)\]\)(?::| \-) USER (.+): Login successful"), 1, "{log}");
    assert_eq!(finds(r"\[(.*)\]\)(?::| \-) USER (.*) \(Login failed\): Incorrect password"), 1, "{log}");
    assert_eq!(finds(r"USER (.*): no such user found from (.*) \[(.*)\] to"), 1, "{log}");
}

fn a_server_log_has_its_own_sessions(layout: Layout) {
    let server = Server::with(layout, |config| {
        let log = config.path("server.log");
        config.set("ServerLog", log).set("LogOptions", "-Timestamp +RoleBasedProcessLabels");
    });
    log_in(&server, USER, "wrong", 530);
    let pid = server.pid();
    let line = "127.0.0.1 (127.0.0.1[127.0.0.1]): USER alice (Login failed): Incorrect password\n";
    assert_eq!(text(&server, "server.log", "password"), format!("session[{pid}] {line}"));
    let log = server.log();
    assert!(!log.contains("Login failed"), "{log}");
    assert!(log.contains(&format!("daemon[{pid}]: listening on")), "{log}");
}

fn a_server_log_of_none_has_nothing(layout: Layout) {
    let mut server = Server::with(layout, |config| {
        config.block("<Global>\n  ServerLog none\n</Global>");
    });
    log_in(&server, USER, "wrong", 530);
    assert!(server.terminate().success());
    let log = server.log();
    assert!(!log.contains("Login failed") && log.contains("listening on"), "{log}");
}

fn faults_of_these_directives_are_told(layout: Layout) {
    for (line, fault) in [
        ("LogOptions +Colour", "'+Colour' is not an option of the log: use Hostname, RoleBasedProcessLabels"),
        ("ServerLog server.log", "'server.log' must be an absolute path"),
        ("ServerLog /nowhere/server.log", "ServerLog: unable to use '/nowhere/server.log': No such file"),
    ] {
        let trial = Trial::run(&layout.gantryd(), &[], |config| {
            config.block(line);
        });
        assert!(trial.fatal().contains(fault), "{line}: {}", trial.fatal());
    }
}

fn through_proftpds_name_the_log_is_proftpds(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("proftpd");
    symlink(layout.gantryd(), &link).unwrap();
    let server = Server::of(&link, |_| {});
    log_in(&server, USER, "wrong", 530);
    let line = server.wait_for_log(&["Incorrect password"]);
    let host = Command::new("uname").arg("-n").output().unwrap().stdout;
    let host = String::from_utf8(host).unwrap();
    let wanted = format!(" {} proftpd[{}] 127.0.0.1 (127.0.0.1[127.0.0.1]): USER alice", host.trim_end(), server.pid());
    assert!(line.contains(&wanted), "{line}");
    let found = Fail2Ban::filter().found(&line);
    assert_eq!(found.map(|(host, _)| host), Some("127.0.0.1".to_owned()), "{line}");
}

fn debug_level_may_be_one_servers_own(layout: Layout) {
    let here = own_address();
    let server = Server::with(layout, |config| {
        config.set("DefaultAddress", here.to_string()).set("Port", "2117");
        config.block(format!(
            "<VirtualHost {here}>\n  Port 2117\n  ServerAlias loud.example.org\n  DebugLevel 5\n</VirtualHost>"
        ));
    });
    let mut quiet = server.connect();
    quiet.expect("QUIT", 221);
    quiet.until_closed().unwrap();
    let mut loud = server.connect();
    loud.expect("HOST loud.example.org", 220);
    loud.expect("QUIT", 221);
    server.wait_for_log(&["session 2: ended"]);
    assert_eq!(server.log_line(&["session 1: ended"]), None);
}

both_layouts!(
    debug_level_may_be_one_servers_own,
    fail2ban_finds_failed_logins,
    logwatch_counts_logins,
    a_server_log_has_its_own_sessions,
    a_server_log_of_none_has_nothing,
    faults_of_these_directives_are_told,
    through_proftpds_name_the_log_is_proftpds,
);
