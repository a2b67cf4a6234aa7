//! Sessions as table rows, for `gantry who` and the two modes of `gantry top`.

use super::value::{Session, Who, address};
use crate::show::Page;
use crate::show::table::{Cell, Column, Table, Tone};
use crate::show::text::counted;
use crate::show::time::{ago, size};

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Logging in.
    Login,
    /// Waiting for its client.
    Idle,
    /// Sending a file or listing.
    Download,
    /// Receiving a file.
    Upload,
    /// Running any other command.
    Command,
}

/// Selects sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of the server with this name.
    pub server: Option<String>,
    /// Only these kinds; all if empty.
    pub only: Vec<Kind>,
    /// Not these kinds.
    pub without: Vec<Kind>,
}

/// What top shows for each session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Its command.
    Commands,
    /// Its speed.
    Speed,
}

impl Kind {
    /// The kind of a session.
    pub fn of(session: &Session) -> Self {
        match () {
            () if session.is_login() => Self::Login,
            () if session.is_idle() => Self::Idle,
            () if session.is_download() => Self::Download,
            () if session.is_upload() => Self::Upload,
            () => Self::Command,
        }
    }

    /// Its letter, as in ftptop.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Login => "A",
            Self::Idle => "I",
            Self::Download => "D",
            Self::Upload => "U",
            Self::Command => "C",
        }
    }
}

impl Filter {
    /// Whether the filter selects a session.
    pub fn takes(&self, session: &Session) -> bool {
        let kind = Kind::of(session);
        self.server.as_ref().is_none_or(|server| session.server.as_ref() == Some(server))
            && (self.only.is_empty() || self.only.contains(&kind))
            && !self.without.contains(&kind)
    }
}

/// The table of `gantry who`.
pub fn who(who: &Who, verbose: bool, now: i64, page: Page) -> String {
    let mut table = Table::new(&[
        Column::number("ID"),
        Column::long("USER"),
        Column::long("CLIENT"),
        Column::number("CONNECTED"),
        Column::number("FOR"),
        Column::long("WHAT"),
    ]);
    for session in &who.sessions {
        table.row([
            Cell::from(session.id()),
            Cell::known(session.user.as_ref()),
            Cell::from(session.client()),
            Cell::known(session.since.map(|since| ago(since, now))),
            Cell::known(session.state_since.map(|since| ago(since, now))),
            doing(session),
        ]);
        if verbose {
            details(session, now).iter().for_each(|(name, value)| table.note(name, value));
        }
    }
    let text = if who.sessions.is_empty() { String::new() } else { table.text(page) };
    format!("{text}{}\n", counted(who.sessions.len() as u64, "session"))
}

/// The table of `gantry top`.
pub fn top<'a>(sessions: impl Iterator<Item = &'a Session>, mode: Mode, now: i64, page: Page) -> String {
    let first = [Column::number("ID"), Column::text("S"), Column::long("USER"), Column::long("CLIENT")];
    let rest = match mode {
        Mode::Commands => [Column::long("SERVER"), Column::number("TIME"), Column::long("COMMAND")],
        Mode::Speed => [Column::number("BYTES"), Column::number("SPEED"), Column::long("COMMAND")],
    };
    let mut table = Table::new(&[&first[..], &rest[..]].concat());
    for session in sessions {
        let (left, right) = match mode {
            Mode::Commands => {
                (Cell::known(session.local.as_ref()), Cell::known(session.state_since.map(|since| ago(since, now))))
            }
            Mode::Speed => (
                Cell::known(session.bytes.filter(|_| session.direction.is_some()).map(size)),
                Cell::known(session.rate(now).map(rate)),
            ),
        };
        table.row([
            Cell::from(session.id()),
            Cell::from(Kind::of(session).letter()),
            Cell::from(session.user.as_deref().unwrap_or("(none)")),
            Cell::from(session.client()),
            left,
            right,
            doing(session),
        ]);
    }
    table.text(page)
}

/// `1 downloading, 1 uploading, 2 idle`, without those that are zero.
pub fn summary(sessions: &[Session]) -> String {
    let named = [
        (Kind::Download, "downloading"),
        (Kind::Upload, "uploading"),
        (Kind::Idle, "idle"),
        (Kind::Login, "logging in"),
        (Kind::Command, "running a command"),
    ];
    let of = |kind| sessions.iter().filter(|session| Kind::of(session) == kind).count();
    let parts = named.into_iter().map(|(kind, words)| (of(kind), words)).filter(|(count, _)| *count > 0);
    parts.map(|(count, words)| format!("{count} {words}")).collect::<Vec<_>>().join(", ")
}

fn doing(session: &Session) -> Cell {
    let tone = if session.is_login() { Tone::Passing } else { Tone::Plain };
    Cell::toned(&session.doing(), tone)
}

fn details(session: &Session, now: i64) -> Vec<(&'static str, String)> {
    let mut details = Vec::new();
    let remote = session.remote.as_deref().unwrap_or("-");
    // If the client has no name, `host` is its address.
    let name = session.host.as_deref().filter(|host| *host != address(remote));
    details.push(("client", name.map_or(remote.to_owned(), |host| format!("{host} [{remote}]"))));
    let (local, server) = (session.local.as_deref().unwrap_or("-"), session.server.as_deref().unwrap_or("-"));
    details.push(("server", format!("{local} ({server})")));
    let folder = session.directory.clone().filter(|_| !session.is_login());
    details.extend(folder.map(|folder| ("folder", folder)));
    details.extend(session.class.clone().map(|class| ("class", class)));
    if let (Some(direction), Some(bytes)) = (&session.direction, session.bytes) {
        let way = if direction == "in" { "received" } else { "sent" };
        let speed = session.rate(now).map(|speed| format!(", {}", rate(speed)));
        details.push(("transfer", format!("{} {way}{}", size(bytes), speed.unwrap_or_default())));
    }
    if let (Some(received), Some(sent)) = (session.received, session.sent) {
        details.push(("total", format!("{} received, {} sent", size(received), size(sent))));
    }
    details.extend(session.generation.map(|generation| ("generation", generation.to_string())));
    details
}

fn rate(bytes: u64) -> String {
    format!("{}/s", size(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::value;

    fn sample() -> Who {
        let who = json!({"pid": 7, "sessions": [
            {"id": 1, "user": "alice", "server": "A", "local": "127.0.0.1:21", "remote": "127.0.0.1:5000", "host": "127.0.0.1",
             "since": 700, "state": "idle", "state_since": 990, "directory": "/\u{1b}[2J"},
            {"id": 2, "user": null, "server": "B", "local": "[::1]:21", "remote": "[::1]:5001", "since": 998,
             "state": "login", "state_since": 998},
            {"id": 3, "user": "b\u{9b}ob", "server": "A", "local": "127.0.0.1:21", "remote": "192.0.2.7:5002",
             "host": "h.example", "class": "local", "since": 0, "state": "transfer", "command": "RETR",
             "argument": "a\nb", "state_since": 990, "direction": "out", "bytes": 20480, "received": 5, "sent": 20480},
        ]});
        value::read("who", &who).unwrap()
    }

    #[test]
    fn who_has_a_row_for_each_session() {
        let expected = "\
ID  USER     CLIENT     CONNECTED  FOR  WHAT
 1  alice    127.0.0.1      5m00s  10s  idle
 2  -        ::1               2s   2s  (logging in)
 3  b\\x9bob  h.example     16m40s  10s  RETR a\\x0ab
3 sessions
";
        assert_eq!(who(&sample(), false, 1000, Page::PLAIN), expected);
        let verbose = who(&sample(), true, 1000, Page::PLAIN);
        for line in [
            "    client: h.example [192.0.2.7:5002]\n",
            "    client: 127.0.0.1:5000\n",
            "    server: [::1]:21 (B)\n",
            "    folder: /\\x1b[2J\n",
            "    class: local\n",
            "    transfer: 20.0 KiB sent, 2.0 KiB/s\n",
            "    total: 5 B received, 20.0 KiB sent\n",
        ] {
            assert!(verbose.contains(line), "{line}{verbose}");
        }
        assert_eq!(who(&Who::default(), false, 0, Page::PLAIN), "0 sessions\n");
    }

    #[test]
    fn top_has_two_modes() {
        let who = sample();
        let commands = top(who.sessions.iter(), Mode::Commands, 1000, Page::PLAIN);
        assert!(
            commands.contains(" 2  A  (none)") && commands.contains("127.0.0.1:21   10s  RETR a\\x0ab\n"),
            "{commands}"
        );
        let speed = top(who.sessions.iter(), Mode::Speed, 1000, Page::PLAIN);
        assert!(speed.contains("20.0 KiB  2.0 KiB/s  RETR"), "{speed}");
        assert_eq!(summary(&who.sessions), "1 downloading, 1 idle, 1 logging in");
    }

    #[test]
    fn filters_go_by_server_and_kind() {
        let who = sample();
        let shown = |filter: Filter| {
            who.sessions.iter().filter(|session| filter.takes(session)).map(Session::id).collect::<String>()
        };
        assert_eq!(shown(Filter::default()), "123");
        assert_eq!(shown(Filter { server: Some("A".to_owned()), ..Filter::default() }), "13");
        assert_eq!(shown(Filter { only: vec![Kind::Login, Kind::Download], ..Filter::default() }), "23");
        assert_eq!(shown(Filter { without: vec![Kind::Idle], ..Filter::default() }), "23");
    }
}
