//! ProFTPD's names for gantry: ftpwho, ftpcount, ftpdctl and ftpshut on a real
//! gantryd, and what they print beside what ProFTPD's own commands print of the
//! same sessions, where these are installed (Debian's package proftpd-core).

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::tool::{named, operated, operated_with};
use gantry_tests::wait;
use serde_json::Value;

/// A ProFTPD of the system's, with the users and files of one of our servers.
struct ProFtpd {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl ProFtpd {
    /// None where it is not installed.
    fn beside(server: &Server) -> Option<Self> {
        let program = Path::new("/usr/sbin/proftpd");
        if !program.exists() || fs::read_link(program).is_ok() || !rustix::process::getuid().is_root() {
            eprintln!("left out: ProFTPD is not installed, or this is not root");
            return None;
        }
        let folder = server.folder().join("proftpd");
        fs::create_dir(&folder).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let lines = [
            ("ServerName", "\"Gantry under test\"".to_owned()),
            ("ServerType", "standalone".to_owned()),
            ("DefaultAddress", "127.0.0.1".to_owned()),
            ("Port", address.port().to_string()),
            ("UseIPv6", "off".to_owned()),
            ("UseReverseDNS", "off".to_owned()),
            ("User", "nobody".to_owned()),
            ("Group", "nogroup".to_owned()),
            ("PidFile", at("pid")),
            ("ScoreboardFile", at("scoreboard")),
            ("SystemLog", at("log")),
            ("TransferLog", "none".to_owned()),
            ("WtmpLog", "off".to_owned()),
            ("RequireValidShell", "off".to_owned()),
            ("AllowOverwrite", "on".to_owned()),
            ("AuthOrder", "mod_auth_file.c".to_owned()),
            ("AuthUserFile", server.var("passwd").display().to_string()),
            ("DefaultRoot", "~".to_owned()),
            ("ModulePath", "/usr/lib/proftpd".to_owned()),
            ("LoadModule", "mod_ctrls_admin.c".to_owned()),
            ("ControlsEngine", "on".to_owned()),
            ("ControlsSocket", at("sock")),
            ("ControlsInterval", "1".to_owned()),
            ("ControlsSocketACL", "allow user *".to_owned()),
            ("ControlsACLs", "all allow user *".to_owned()),
            ("AdminControlsEngine", "on".to_owned()),
            ("AdminControlsACLs", "all allow user *".to_owned()),
            ("ModuleControlsACLs", "lsmod,insmod,rmmod allow user *".to_owned()),
        ];
        let text: String = lines.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
        fs::write(folder.join("conf"), text).unwrap();
        let mut command = Command::new(program);
        command.args(["-n", "-q", "-c"]).arg(folder.join("conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        wait::for_condition("ProFTPD listens", || TcpStream::connect(address).is_ok());
        Some(Self { child, folder, address })
    }

    /// What one of its own commands prints.
    fn told(&self, name: &str, words: &[&str]) -> String {
        let (scoreboard, configuration) = (self.folder.join("scoreboard"), self.folder.join("conf"));
        let mut command = Command::new(format!("/usr/bin/{name}"));
        if name == "ftpdctl" {
            command.arg("-s").arg(self.folder.join("sock"));
        } else {
            command.arg("-f").arg(scoreboard).arg("-c").arg(configuration);
        }
        run(command.args(words), "").ok().out
    }
}

impl Drop for ProFtpd {
    fn drop(&mut self) {
        // Its sessions end with it.
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

/// Clients that a server has: one is idle, one logs in, one downloads and one
/// uploads.
struct Clients {
    _wires: Vec<Wire>,
    _data: Vec<TcpStream>,
}

impl Clients {
    /// They do the same wherever they are.
    fn at(address: SocketAddr) -> Self {
        let login = || {
            let mut wire = Wire::connect(address);
            wire.login(USER, PASSWORD);
            wire.expect("TYPE I", 200);
            wire
        };
        let mut idle = login();
        idle.expect("CWD folder", 250);
        let greeted = Wire::connect(address);
        let (mut down, mut up) = (login(), login());
        let data = vec![down.passive(), up.passive()];
        down.expect("RETR big", 150);
        up.expect("STOR a name", 150);
        Self { _wires: vec![idle, greeted, down, up], _data: data }
    }
}

/// What differs between two runs made alike: numbers, how wide they are, and the
/// order of sessions, which ProFTPD does not keep. The lines are sorted.
fn alike(text: &str) -> Vec<String> {
    let line = |line: &str| {
        // Which share of a file has been sent is not known here, nor by ProFTPD
        // how fast in the first second.
        let mut line = line.replace("(  0%)", "(n/a)");
        if let Some(at) = line.find("KB/s: ") {
            let end = line[at + 6..].find(' ').map_or(line.len(), |end| at + 6 + end);
            line.replace_range(at..end, "KB/s: N");
        }
        let mut made = String::new();
        for letter in line.chars() {
            let letter = if letter.is_ascii_digit() { 'N' } else { letter };
            if !(made.ends_with(letter) && (letter == 'N' || letter == ' ')) {
                made.push(letter);
            }
        }
        made.trim_end().replace("[ N", "[N")
    };
    let mut lines: Vec<String> = text.lines().map(line).collect();
    lines.iter_mut().for_each(|line| *line = line.trim_start().to_owned());
    lines.sort();
    lines
}

fn prepared(server: &Server) {
    server.make_folder("folder");
    server.put("big", vec![0; 50_000_000]);
}

fn passwords_of_a_file(config: &mut Config) {
    let admin = "mod_ctrls_admin.c";
    config.without_sql().set("LoadModule", admin);
}

#[track_caller]
fn ours(server: &Server, layout: Layout, name: &str, words: &[&str]) -> String {
    named(server, layout, name, words).ok().out
}

fn ftpwho_prints_what_proftpds_prints(layout: Layout) {
    let server = operated_with(layout, passwords_of_a_file);
    prepared(&server);
    let _here = Clients::at(server.address());
    let who = ours(&server, layout, "ftpwho", &[]);
    assert!(who.starts_with(&format!("standalone FTP daemon [{}], up for ", server.pid())), "{who}");
    assert!(who.ends_with("Service class                      -   4 users\n"), "{who}");
    let Some(other) = ProFtpd::beside(&server) else { return };
    let _there = Clients::at(other.address);
    for words in [
        &[][..],
        &["-v"],
        &["-o", "oneline"],
        &["-v", "-o", "oneline"],
        &["-S", "nobody"],
        &["--verbose", "--server=Gantry under test"],
    ] {
        let both = || (ours(&server, layout, "ftpwho", words), other.told("ftpwho", words));
        // A session is in the scoreboard a little after its client has been told.
        wait::until(wait::PATIENCE, || {
            let (ours, theirs) = both();
            (alike(&ours) == alike(&theirs)).then_some(())
        });
        let (ours, theirs) = both();
        assert_eq!(alike(&ours), alike(&theirs), "{words:?}\n{ours}\n{theirs}");
    }
}

fn ftpwhos_json_has_proftpds_fields(layout: Layout) {
    let server = operated_with(layout, passwords_of_a_file);
    prepared(&server);
    let _here = Clients::at(server.address());
    let text = ours(&server, layout, "ftpwho", &["-o", "json"]);
    let here: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(here["connections"].as_array().unwrap().len(), 4, "{text}");
    assert_eq!(here["server"]["pid"], server.pid());
    let Some(other) = ProFtpd::beside(&server) else { return };
    let _there = Clients::at(other.address);
    let fields = |document: &Value| -> Vec<Vec<String>> {
        let sessions = document["connections"].as_array().unwrap().iter();
        let mut sessions: Vec<Vec<String>> = sessions
            .map(|session| {
                let fields = session.as_object().unwrap().iter();
                let shown = fields.filter(|(name, _)| *name != "transfer_completed").map(|(name, value)| match value {
                    Value::Number(_) => format!("{name}: N"),
                    value => format!("{name}: {value}"),
                });
                shown.collect()
            })
            .collect();
        sessions.sort();
        sessions
    };
    let there = || serde_json::from_str::<Value>(&other.told("ftpwho", &["-o", "json"])).unwrap();
    wait::until(wait::PATIENCE, || (fields(&there()) == fields(&here)).then_some(()));
    assert_eq!(fields(&here), fields(&there()));
}

fn ftpcount_prints_what_proftpds_prints(layout: Layout) {
    let server = operated_with(layout, passwords_of_a_file);
    prepared(&server);
    let _here = Clients::at(server.address());
    let count = ours(&server, layout, "ftpcount", &[]);
    let expected =
        format!("Master proftpd process {}:\nService class                      -   4 users\n", server.pid());
    assert_eq!(count, expected);
    let Some(other) = ProFtpd::beside(&server) else { return };
    let _there = Clients::at(other.address);
    for words in [&[][..], &["-S", "Gantry under test"], &["-S", "nobody"]] {
        let (ours, theirs) = (ours(&server, layout, "ftpcount", words), other.told("ftpcount", words));
        assert_eq!(alike(&ours), alike(&theirs), "{words:?}");
    }
}

fn ftpdctl_prints_what_proftpds_prints(layout: Layout) {
    let server = operated_with(layout, passwords_of_a_file);
    let lines = ours(&server, layout, "ftpdctl", &["lsctrl"]);
    assert!(lines.contains("ftpdctl: kick (mod_ctrls_admin.c)\n"), "{lines}");
    let Some(other) = ProFtpd::beside(&server) else { return };
    // Ours first, for each its whole answer is the same; then those whose first
    // line is, to which ours adds what may help.
    for (words, first) in [
        (&["rmctrl", "dns"][..], false),
        (&["dns", "on"], true),
        (&["insctrl", "dns"], false),
        (&["dns", "on"], false),
        (&["rmctrl", "lsctrl"], true),
        (&["nosuch"], true),
        (&["debug", "level", "3"], false),
        (&["debug", "level"], false),
        (&["trace", "auth:5", "sql:0"], false),
        (&["trace"], true),
        (&["restart", "count"], false),
        (&["restart"], false),
        (&["status", "all"], false),
        (&["down", "all"], false),
        (&["status", "all"], false),
        (&["kick", "user", "nobody-at-all"], false),
        (&["kick"], true),
        (&["insmod"], true),
        (&["rmmod"], true),
    ] {
        let (ours, theirs) = (ours(&server, layout, "ftpdctl", words), other.told("ftpdctl", words));
        let told = if first { ours.lines().next().unwrap_or_default() } else { &ours };
        assert_eq!(alike(told), alike(&theirs), "{words:?}\n{ours}\n{theirs}");
    }
    let (ours, theirs) = (ours(&server, layout, "ftpdctl", &["lsmod"]), other.told("ftpdctl", &["lsmod"]));
    for line in ["ftpdctl: Loaded Modules:\n", "ftpdctl:   mod_core.c\n"] {
        assert!(ours.contains(line) && theirs.contains(line), "{ours}\n{theirs}");
    }
}

fn ftpshut_takes_all_down_and_up(layout: Layout) {
    let server = operated(layout);
    let mut session = server.login();
    let done = named(&server, layout, "ftpshut", &["now", "going down"]).ok();
    assert!(done.out.contains("ftpshut -R") && done.err.contains("do not see the message"), "{}", done.text());
    assert_eq!(session.reply().code, 421);
    assert_eq!(Wire::open(server.address()).unwrap().greeting().code, 421);
    named(&server, layout, "ftpshut", &["-R"]).ok();
    server.login();
}

both_layouts!(
    ftpwho_prints_what_proftpds_prints,
    ftpwhos_json_has_proftpds_fields,
    ftpcount_prints_what_proftpds_prints,
    ftpdctl_prints_what_proftpds_prints,
    ftpshut_takes_all_down_and_up,
);
