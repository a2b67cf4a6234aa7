//! The cases: what sessions do, how many of them, and among how many ports in
//! TIME_WAIT.

use std::fmt;
use std::fs::File;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::files::{BIG, ENTRIES, SMALL, SMALL_FILES};
use crate::session::{Login, Session};

/// The user of the users' file.
pub const IN_FILE: Login = Login { user: "bench", password: "bench" };
/// The user of the SQL database.
pub const IN_SQL: Login = Login { user: "bench-sql", password: "bench" };

/// What one session does, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Connect, USER, PASS, QUIT; the user is in a file.
    Login,
    /// The same with a user in an SQLite database.
    LoginSql,
    /// NOOP.
    Noop,
    /// RETR of a big file.
    Retr,
    /// STOR of a big file.
    Stor,
    /// RETR of 4 KiB files.
    RetrSmall,
    /// STOR of 4 KiB files, each with a new name.
    StorSmall,
    /// LIST of a large folder.
    List,
    /// MLSD of a large folder.
    Mlsd,
    /// Nothing: sessions that are logged in.
    Idle,
}

impl Work {
    /// All of them, by name.
    const NAMES: [(&str, Self); 10] = [
        ("login", Self::Login),
        ("login-sql", Self::LoginSql),
        ("noop", Self::Noop),
        ("retr", Self::Retr),
        ("stor", Self::Stor),
        ("retr-4k", Self::RetrSmall),
        ("stor-4k", Self::StorSmall),
        ("list", Self::List),
        ("mlsd", Self::Mlsd),
        ("idle", Self::Idle),
    ];

    /// What is counted.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Login | Self::LoginSql => "logins",
            Self::Noop => "commands",
            Self::Retr | Self::Stor => "MiB",
            Self::RetrSmall | Self::StorSmall => "files",
            Self::List | Self::Mlsd => "entries",
            Self::Idle => "sessions",
        }
    }

    /// How many units one turn has.
    pub fn units(self) -> f64 {
        match self {
            Self::Retr | Self::Stor => BIG as f64 / f64::from(1 << 20),
            Self::List | Self::Mlsd => ENTRIES as f64,
            _ => 1.0,
        }
    }

    /// Whether each turn is a session of its own.
    pub fn is_login(self) -> bool {
        matches!(self, Self::Login | Self::LoginSql)
    }

    /// Who logs in.
    pub fn login(self) -> Login {
        if self == Self::LoginSql { IN_SQL } else { IN_FILE }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, work)| work == self).map_or("", |(name, _)| name);
        out.write_str(name)
    }
}

/// A case, written `WORK-SESSIONS` or `WORK-SESSIONS-among-TIME_WAIT`: `retr-4k-1`,
/// `retr-4k-1-among-12000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What the sessions do.
    pub work: Work,
    /// How many there are.
    pub sessions: usize,
    /// How many ports are put into TIME_WAIT before.
    pub among: usize,
}

impl FromStr for Case {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::Text { text: text.to_owned(), expected: "case" };
        let (rest, among) = match text.split_once("-among-") {
            Some((rest, among)) => (rest, among.parse().map_err(|_| wrong())?),
            None => (text, 0),
        };
        let (name, sessions) = rest.rsplit_once('-').ok_or_else(wrong)?;
        let (_, work) = Work::NAMES.into_iter().find(|(known, _)| *known == name).ok_or_else(wrong)?;
        let sessions = sessions.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        Ok(Self { work, sessions, among })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.work, self.sessions)?;
        if self.among > 0 { write!(out, "-among-{}", self.among) } else { Ok(()) }
    }
}

/// One session at its work.
pub struct Worker<'a> {
    work: Work,
    session: Session,
    /// Which of the sessions it is: each stores under names of its own.
    number: usize,
    /// What it stores.
    source: &'a File,
    turn: usize,
}

impl<'a> Worker<'a> {
    /// A session that has logged in; one turn shows that the server does the work,
    /// and all of it.
    pub fn new(mut session: Session, work: Work, number: usize, source: &'a File) -> Result<Self> {
        session.login(work.login())?;
        session.command("TYPE I", b'2')?;
        match work {
            Work::List | Work::Mlsd => {
                session.command("CWD many", b'2')?;
                let line = work.to_string().to_uppercase();
                let got = session.receive_lines(&line)?;
                // Some list the folder itself and its parent, some end with a summary.
                if !(ENTRIES..=ENTRIES + 3).contains(&got) {
                    return Err(Error::Size { command: line, got, expected: ENTRIES, unit: "lines" });
                }
            }
            Work::StorSmall => session.command(&format!("CWD up/{number}"), b'2')?,
            _ => (),
        }
        let mut worker = Self { work, session, number, source, turn: 0 };
        if !matches!(work, Work::List | Work::Mlsd | Work::Login | Work::LoginSql) {
            worker.turn()?;
        }
        Ok(worker)
    }

    /// Does it once; how long it took until the first byte of data, where there is
    /// any.
    pub fn turn(&mut self) -> Result<Option<Duration>> {
        self.turn += 1;
        match self.work {
            Work::Noop => self.session.command("NOOP", b'2').map(|()| None),
            Work::Retr => self.receive("RETR big", BIG).map(Some),
            Work::RetrSmall => self.receive(&format!("RETR small/{}", self.turn % SMALL_FILES), SMALL).map(Some),
            Work::List => self.session.receive("LIST").map(|received| Some(received.first)),
            Work::Mlsd => self.session.receive("MLSD").map(|received| Some(received.first)),
            Work::Stor => self.session.store(&format!("STOR up/{}/big", self.number), self.source, BIG).map(|()| None),
            Work::StorSmall => self.session.store(&format!("STOR {}", self.turn), self.source, SMALL).map(|()| None),
            Work::Idle | Work::Login | Work::LoginSql => Ok(None),
        }
    }

    /// Ends the session.
    pub fn quit(self) -> Result<()> {
        self.session.quit()
    }

    fn receive(&mut self, line: &str, expected: u64) -> Result<Duration> {
        let received = self.session.receive(line)?;
        if received.bytes == expected {
            return Ok(received.first);
        }
        Err(Error::Size { command: line.to_owned(), got: received.bytes, expected, unit: "bytes" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_as_it_is_written() {
        for text in ["noop-8", "retr-4k-1-among-12000", "login-sql-1000", "idle-100"] {
            assert_eq!(text.parse::<Case>().unwrap().to_string(), text);
        }
        for text in ["noop", "noop-0", "noop-x", "nothing-1", "retr-4k-1-among-", ""] {
            assert!(text.parse::<Case>().is_err(), "{text}");
        }
    }
}
