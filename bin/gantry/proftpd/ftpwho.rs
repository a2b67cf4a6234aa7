//! `ftpwho`: lists the sessions in the format of ProFTPD's command. It shows a session
//! number where that one shows a process id, and cannot show the progress of a transfer.

mod document;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::console::{code, no_scoreboard};
use super::daemon;
use super::options::{Item, Options};
use crate::control::value::{Session, Who, address};
use crate::show;
use crate::show::text::visible;
use crate::show::time::{Span, ago, now, uptime};

const USAGE: &str = "\
usage: ftpwho [options]
  -c, --config
    specify full path to proftpd configuration file
  -f, --file
    specify full path to scoreboard file
  -h, --help
    display ftpwho usage
  -o, --outform
    specify an output format
  -v, --verbose
    display additional information for each connection
  -S, --server
    show users only for specified ServerName
";

const OPTIONS: Options = Options {
    letters: "c:f:p:ho:vS:",
    names: &[
        ("config", 'c'),
        ("file", 'f'),
        ("path", 'p'),
        ("help", 'h'),
        ("outform", 'o'),
        ("verbose", 'v'),
        ("server", 'S'),
    ],
    stops: false,
};

#[derive(Debug, Default)]
struct Ftpwho {
    configuration: Option<PathBuf>,
    server: Option<String>,
    verbose: bool,
    form: Form,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Form {
    #[default]
    Lines,
    OneLine,
    Json,
}

/// Runs the command line.
pub fn run(words: &[String]) -> ExitCode {
    let mut ftpwho = Ftpwho::default();
    for item in OPTIONS.items(words) {
        match item {
            Item::Flag('h') => {
                let _ = show::print(USAGE);
                return ExitCode::SUCCESS;
            }
            Item::Flag(_) => ftpwho.verbose = true,
            Item::Value('c', file) => ftpwho.configuration = Some(file.into()),
            Item::Value('S', name) => ftpwho.server = Some(name),
            Item::Value('o', form) => match form.as_str() {
                "oneline" => ftpwho.form = Form::OneLine,
                "json" => ftpwho.form = Form::Json,
                _ => {
                    eprintln!("unknown outform value: '{}'", visible(&form));
                    return ExitCode::FAILURE;
                }
            },
            Item::Value(..) => no_scoreboard("ftpwho"),
            Item::Unknown(option) => {
                eprint!("unknown option: {}\n{USAGE}", visible(&option));
                return ExitCode::FAILURE;
            }
            Item::Word(_) => {}
        }
    }
    let shown = daemon::who(ftpwho.configuration.as_deref());
    code("ftpwho", shown.and_then(|who| Ok(show::print(&ftpwho.text(&who, now()))?)))
}

impl Ftpwho {
    fn text(&self, who: &Who, now: i64) -> String {
        let shown = |session: &&Session| self.server.is_none() || session.server == self.server;
        let sessions: Vec<&Session> = who.sessions.iter().filter(shown).collect();
        if self.form == Form::Json {
            return document::text(who, &sessions);
        }
        let pid = who.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let up = uptime(who.started.map_or(Span(0), |started| ago(started, now)));
        let mut text = format!("standalone FTP daemon [{pid}], up for {up}\n");
        if let Some(server) = &self.server {
            text += &format!("ProFTPD Server '{}'\n", visible(server));
        }
        for session in &sessions {
            text += &line(session, now);
            if self.verbose {
                let (before, after) = if self.form == Form::Lines { ("\n\t", "\n") } else { (" ", "") };
                details(session, now).iter().for_each(|detail| text += &format!("{before}{}", visible(detail)));
                text += after;
            }
            text.push('\n');
        }
        if sessions.is_empty() { text + "no users connected\n" } else { text + &classes(&sessions) }
    }
}

/// The number of sessions of each class, also for ftpcount.
pub fn classes(sessions: &[&Session]) -> String {
    let mut counts = BTreeMap::new();
    for session in sessions {
        *counts.entry(session.class.as_deref().unwrap_or_default()).or_insert(0_u64) += 1;
    }
    counts.into_iter().fold(String::new(), |mut text, (class, count)| {
        let users = if count == 1 { "user" } else { "users" };
        writeln!(text, "Service class {:<20} - {count:3} {users}", visible(class)).expect("a String takes text");
        text
    })
}

fn line(session: &Session, now: i64) -> String {
    let since = |moment: Option<i64>| short(moment.map_or(0, |moment| ago(moment, now).0));
    let (id, user) = (session.id(), session.user.as_deref().filter(|_| !session.is_login()).unwrap_or("(none)"));
    let start = format!("{:>5} {:<8} [{:>6}]", visible(&id), visible(user), since(session.since));
    if session.is_login() {
        format!("{start} (authenticating)")
    } else if session.is_idle() {
        format!("{start} {:>6} idle", since(session.state_since))
    } else {
        format!("{start} (n/a) {}", visible(&session.doing()))
    }
}

fn details(session: &Session, now: i64) -> Vec<String> {
    let mut details = Vec::new();
    if let (Some(bytes), Some(_), Some(since)) = (session.bytes, &session.direction, session.state_since) {
        let seconds = ago(since, now).0.max(1);
        details.push(format!("KB/s: {:.2}", bytes as f64 / 1024.0 / seconds as f64));
    }
    let remote = address(session.remote.as_deref().unwrap_or("-"));
    details.push(format!("client: {} [{remote}]", session.host.as_deref().unwrap_or(remote)));
    let (local, server) = (session.local.as_deref().unwrap_or("-"), session.server.as_deref().unwrap_or("-"));
    details.push(format!("server: {local} ({server})"));
    details.push("protocol: ftp".to_owned());
    let folder = session.directory.as_ref().filter(|_| !session.is_login());
    details.extend(folder.map(|folder| format!("location: {folder}")));
    details.extend(session.class.as_ref().map(|class| format!("class: {class}")));
    details
}

/// `0m3s`; from one hour up `1h2m`.
fn short(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    if hours == 0 { format!("{minutes}m{}s", seconds % 60) } else { format!("{hours}h{}m", minutes % 60) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::value;

    fn sample() -> Who {
        let who = json!({"pid": 22314, "started": 1000, "sessions": [
            {"id": 24273, "user": "ftptest", "server": "Debian ProFTPD", "local": "127.0.0.1:2199",
             "remote": "127.0.0.1:5000", "host": "localhost", "since": 1057, "state": "idle", "state_since": 1057,
             "directory": "/tmp"},
            {"id": 24281, "user": null, "server": "Debian ProFTPD", "local": "127.0.0.1:2199",
             "remote": "127.0.0.1:5001", "host": "localhost", "since": 1057, "state": "login", "state_since": 1057,
             "directory": "/"},
            {"id": 24286, "user": "ftptest", "server": "Debian ProFTPD", "local": "127.0.0.1:2199",
             "remote": "127.0.0.1:5002", "host": "localhost", "since": 1057, "state": "transfer",
             "state_since": 1058, "command": "STOR", "argument": "up file", "direction": "in", "bytes": 3072,
             "class": "local", "directory": "/home"},
        ]});
        value::read("who", &who).unwrap()
    }

    // The output of Debian's ftpwho for such sessions.
    #[test]
    fn the_forms_are_that_commands() {
        let expected = "\
standalone FTP daemon [22314], up for 1 min
24273 ftptest  [  0m3s]   0m3s idle
24281 (none)   [  0m3s] (authenticating)
24286 ftptest  [  0m3s] (n/a) STOR up file
Service class                      -   2 users
Service class local                -   1 user
";
        let mut ftpwho = Ftpwho::default();
        assert_eq!(ftpwho.text(&sample(), 1060), expected);
        ftpwho.verbose = true;
        let long = ftpwho.text(&sample(), 1060);
        let of_one = "\
24273 ftptest  [  0m3s]   0m3s idle
\tclient: localhost [127.0.0.1]
\tserver: 127.0.0.1:2199 (Debian ProFTPD)
\tprotocol: ftp
\tlocation: /tmp

24281 (none)   [  0m3s] (authenticating)
";
        assert!(long.contains(of_one) && long.contains("STOR up file\n\tKB/s: 1.50\n"), "{long}");
        ftpwho.form = Form::OneLine;
        let short = ftpwho.text(&sample(), 1060);
        let of_one =
            "(authenticating) client: localhost [127.0.0.1] server: 127.0.0.1:2199 (Debian ProFTPD) protocol: ftp\n";
        assert!(short.contains(of_one), "{short}");
        ftpwho.server = Some("nobody".to_owned());
        let none = "standalone FTP daemon [22314], up for 1 min\nProFTPD Server 'nobody'\nno users connected\n";
        assert_eq!(ftpwho.text(&sample(), 1060), none);
    }

    #[test]
    fn times_are_told_in_that_commands_words() {
        assert_eq!([59, 60, 3600, 90000].map(short), ["0m59s", "1m0s", "1h0m", "25h0m"]);
    }
}
