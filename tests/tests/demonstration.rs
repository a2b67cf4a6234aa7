//! The demonstration: made once, kept from then on, the same in each layout,
//! and with users in a file where no SQL module is at hand.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};

use gantry_tests::layout::feature_set;
use gantry_tests::process::run;
use gantry_tests::wait::{PATIENCE, for_condition, until};
use gantry_tests::wire::Wire;
use rustix::process::{Pid, Signal, kill_process};

/// A running demonstration.
struct Demonstration {
    child: Child,
    folder: std::path::PathBuf,
}

impl Demonstration {
    fn start(set: &str, folder: &Path) -> Self {
        let output = File::create(folder.join("output")).unwrap();
        let mut command = Command::new(feature_set(set).join("sbin/gantryd"));
        command.arg("--demo").current_dir(folder).stdout(output.try_clone().unwrap()).stderr(output);
        Self { child: command.spawn().unwrap(), folder: folder.to_owned() }
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap()
    }

    /// What it printed behind a word, once it has printed all.
    fn printed(&self, word: &str) -> String {
        for_condition("the demonstration says all", || self.output().contains("Press Ctrl-C to stop."));
        let found = self.output().lines().find_map(|line| Some(line.trim().strip_prefix(word)?.trim().to_owned()));
        found.unwrap_or_else(|| panic!("no {word} in\n{}", self.output()))
    }

    fn login(&self) -> Wire {
        let url = self.printed("Gantry serves");
        let address = url.trim_start_matches("ftp://").trim_end_matches('/');
        let mut wire = Wire::connect(address.parse().unwrap());
        wire.login(&self.printed("user"), &self.printed("password"));
        wire.expect("TYPE I", 200);
        wire
    }

    fn end(mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        let _ = kill_process(pid, Signal::TERM);
        let ended = until(PATIENCE, || self.child.try_wait().unwrap());
        assert!(ended.is_some(), "it does not end");
    }
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a new demonstration whose port the kernel chooses: 2121 may be
/// somebody else's on this machine.
fn made(set: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let config = folder.path().join("gantry-data/gantry.conf");
    let mut first = Demonstration::start(set, folder.path());
    for_condition("it serves, or the port is taken", || {
        first.output().contains("Press Ctrl-C to stop.") || first.child.try_wait().unwrap().is_some()
    });
    let output = first.output();
    assert!(output.contains("ftp://127.0.0.1:2121/") || output.contains("127.0.0.1:2121"), "{output}");
    first.end();
    let text = fs::read_to_string(&config).unwrap_or_else(|error| panic!("{error}\n{output}"));
    let port = text.lines().find(|line| line.starts_with("Port ")).unwrap();
    fs::write(&config, text.replace(port, "Port any")).unwrap();
    folder
}

fn a_demonstration_serves_and_keeps_its_state(set: &str, layout: &str) {
    let folder = made(set);
    let one = Demonstration::start(set, folder.path());
    let password = one.printed("password");
    assert!(one.printed("mod_sql ").contains(layout), "{}", one.output());
    let mut wire = one.login();
    assert!(!wire.fetch("RETR welcome.txt").is_empty());
    wire.give("STOR mine", b"content");
    drop(wire);
    one.end();

    let other = Demonstration::start(set, folder.path());
    assert_eq!(other.printed("password"), password);
    assert_eq!(other.login().fetch("RETR mine"), b"content");
    let uploads = folder.path().join("gantry-data/gantry.db");
    assert_eq!(gantry_tests::server::sqlite(&uploads, "SELECT userid, bytes FROM uploads"), "demo|7");
    other.end();
}

#[test]
fn a_static_demonstration_serves_and_keeps_its_state() {
    a_demonstration_serves_and_keeps_its_state("static-sql", "linked in");
}

#[test]
fn a_shared_demonstration_serves_and_keeps_its_state() {
    a_demonstration_serves_and_keeps_its_state("shared-sql", "loaded from");
}

#[test]
fn a_static_demonstration_serves_tls() {
    a_demonstration_serves_tls("static-all");
}

#[test]
fn a_shared_demonstration_serves_tls() {
    a_demonstration_serves_tls("shared-all");
}

fn a_demonstration_serves_tls(set: &str) {
    let folder = made(set);
    let demonstration = Demonstration::start(set, folder.path());
    let url = format!("{}welcome.txt", demonstration.printed("Gantry serves"));
    let person = format!("{}:{}", demonstration.printed("user"), demonstration.printed("password"));
    let mut curl = Command::new("curl");
    curl.args(["--disable", "--silent", "--show-error", "--ssl-reqd", "--insecure", "--max-time", "60"]);
    let done = run(curl.args(["--user", &person, &url]), "").ok();
    assert!(done.out.contains("demonstration"), "{}", done.out);
    assert!(demonstration.printed("with TLS").contains("--ssl-reqd"));
    let key = folder.path().join("gantry-data/localhost.key");
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o077, 0);
    demonstration.end();
}

#[test]
fn without_sql_its_users_stand_in_a_file() {
    let folder = made("default");
    let demonstration = Demonstration::start("default", folder.path());
    demonstration.login().give("STOR mine", b"content");
    assert!(folder.path().join("gantry-data/passwd").is_file());
    assert!(!demonstration.output().contains("mod_sql"), "{}", demonstration.output());
    demonstration.end();
}

#[test]
fn its_secrets_are_its_owners_alone() {
    let folder = made("static-sql");
    for name in ["password", "gantry.conf", "gantry.db"] {
        let mode = fs::metadata(folder.path().join("gantry-data").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}
