//! The beginning of lines in the daemon's log (LogOptions).

use std::fmt::Write;
use std::process;
use std::sync::OnceLock;

use jiff::ZonedDateTime;
use serde::Deserialize;

static PROGRAM: OnceLock<&'static str> = OnceLock::new();

/// The program's name in the log: `gantryd`, or the one that was set.
pub(super) fn program() -> &'static str {
    PROGRAM.get().copied().unwrap_or("gantryd")
}

/// Sets the program's name in the log; only the first call counts.
pub fn set_program(name: &'static str) {
    let _ = PROGRAM.set(name);
}

/// The parts of a line's beginning. `None` if LogOptions does not mention the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct LogOptions {
    /// The host's name; by default if the program has ProFTPD's name.
    pub hostname: Option<bool>,
    /// `daemon` or `session` in place of the program's name; by default not.
    pub labels: Option<bool>,
    /// The time; by default yes.
    pub timestamp: Option<bool>,
    /// The server's address in lines about sessions; by default yes.
    pub server: Option<bool>,
}

impl LogOptions {
    /// Mentions nothing.
    pub const NONE: Self = Self { hostname: None, labels: None, timestamp: None, server: None };

    /// These options, or `others` where these mention nothing.
    pub fn or(self, others: Self) -> Self {
        Self {
            hostname: self.hostname.or(others.hostname),
            labels: self.labels.or(others.labels),
            timestamp: self.timestamp.or(others.timestamp),
            server: self.server.or(others.server),
        }
    }

    /// The beginning of a line in a file: `2026-11-23 16:15:43,123 gantryd[4711]`, and a
    /// session's server and client.
    pub(super) fn begin(self, time: &ZonedDateTime, session: Option<(&str, &str)>) -> String {
        let mut line = String::new();
        if self.timestamp.unwrap_or(true) {
            let _ = write!(line, "{} ", time.strftime("%Y-%m-%d %H:%M:%S,%3f"));
        }
        if self.hostname.unwrap_or(program() == "proftpd") {
            let uname = rustix::system::uname();
            let _ = write!(line, "{} ", uname.nodename().to_string_lossy());
        }
        let name = match (self.labels, session) {
            (Some(true), Some(_)) => "session",
            (Some(true), None) => "daemon",
            _ => program(),
        };
        let _ = write!(line, "{name}[{}]", process::id());
        if let Some(session) = session {
            line.push(' ');
            line.push_str(&self.session(session));
        }
        line
    }

    /// The session: `192.0.2.1 (client.example[192.0.2.7])`.
    pub(super) fn session(self, (server, client): (&str, &str)) -> String {
        match self.server.unwrap_or(true) {
            true => format!("{server} ({client})"),
            false => format!("({client})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_choose_what_a_line_begins_with() {
        let session = Some(("192.0.2.1", "c[192.0.2.7]"));
        let options = LogOptions { timestamp: Some(false), ..LogOptions::default() };
        let pid = process::id();
        let begin = |options: LogOptions, session| options.begin(&ZonedDateTime::now(), session);
        assert_eq!(begin(options, None), format!("gantryd[{pid}]"));
        assert_eq!(begin(options, session), format!("gantryd[{pid}] 192.0.2.1 (c[192.0.2.7])"));
        let labels = LogOptions { labels: Some(true), server: Some(false), ..options };
        assert_eq!(begin(labels, session), format!("session[{pid}] (c[192.0.2.7])"));
        assert_eq!(begin(labels, None), format!("daemon[{pid}]"));
        let host = begin(LogOptions { hostname: Some(true), ..options }, None);
        assert!(host.ends_with(&format!(" gantryd[{pid}]")), "{host}");
        assert!(begin(LogOptions::default(), None).starts_with("20"));
    }
}
