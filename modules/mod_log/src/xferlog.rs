//! One line of xferlog(5), as ProFTPD writes it:
//! `Mon Nov 23 16:43:29 2026 0 127.0.0.1 6 /a.txt b _ o r bob ftp 0 * c`.

use std::time::{Duration, SystemTime};

use gantry_api::proto::text::one_word;
use gantry_api::transfer::{Direction, Outcome, Type};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It was transferred.
    Transfer(Direction),
    /// It was deleted.
    Deletion,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User<'a> {
    /// A user by its name.
    Real(&'a str),
    /// An anonymous client, by the text that it sent as its password.
    Anonymous(&'a str),
}

/// The fields of a line.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) ended: SystemTime,
    pub(crate) took: Duration,
    pub(crate) host: &'a str,
    pub(crate) bytes: u64,
    pub(crate) path: Vec<u8>,
    pub(crate) kind: Type,
    pub(crate) action: Action,
    pub(crate) user: User<'a>,
    pub(crate) outcome: Outcome,
}

impl Line<'_> {
    /// The line without its end, with its time in this zone.
    pub(crate) fn written(&self, zone: &TimeZone) -> Vec<u8> {
        let time = Timestamp::try_from(self.ended).unwrap_or(Timestamp::UNIX_EPOCH);
        let time = zone.to_datetime(time);
        let kind = match self.kind {
            Type::Ascii => 'a',
            Type::Image => 'b',
        };
        let action = match self.action {
            Action::Transfer(Direction::In) => 'i',
            Action::Transfer(Direction::Out) => 'o',
            Action::Deletion => 'd',
        };
        let outcome = match self.outcome {
            Outcome::Complete => 'c',
            Outcome::Incomplete | Outcome::Cancelled | Outcome::TimedOut => 'i',
        };
        let seconds = self.took.as_secs() + u64::from(self.took.subsec_millis() >= 500);
        let time = time.strftime("%a %b %d %H:%M:%S %Y");
        let mut line = format!("{time} {seconds} ").into_bytes();
        one_word(self.host.as_bytes(), &mut line);
        line.extend_from_slice(format!(" {} ", self.bytes).as_bytes());
        one_word(&self.path, &mut line);
        let (access, user) = match self.user {
            User::Real(name) => ('r', name),
            // An empty field would shift the fields after it.
            User::Anonymous(address) => ('a', if address.is_empty() { "-" } else { address }),
        };
        line.extend_from_slice(format!(" {kind} _ {action} {access} ").as_bytes());
        one_word(user.as_bytes(), &mut line);
        line.extend_from_slice(format!(" ftp 0 * {outcome}").as_bytes());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line<'static> {
        Line {
            ended: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_450_500),
            took: Duration::from_millis(2500),
            host: "127.0.0.1",
            bytes: 6,
            path: b"/a b.txt".to_vec(),
            kind: Type::Image,
            action: Action::Transfer(Direction::Out),
            user: User::Real("bob"),
            outcome: Outcome::Complete,
        }
    }

    #[test]
    fn lines_look_as_proftpd_writes_them() {
        let text = |line: Line<'_>| String::from_utf8(line.written(&TimeZone::UTC)).unwrap();
        assert_eq!(text(line()), "Mon Nov 23 16:15:00 2026 3 127.0.0.1 6 /a_b.txt b _ o r bob ftp 0 * c");
        let odd = b"/a\n\xc2\x9b\xe2\x80\xae\x9bz\xff\xc3\xa4".to_vec();
        let odd = Line { path: odd, ..line() }.written(&TimeZone::UTC);
        assert!(odd.windows(9).any(|part| part == b"/a____z\xff\xc3"), "{odd:?}");
        let broken =
            Line { kind: Type::Ascii, action: Action::Transfer(Direction::In), outcome: Outcome::Incomplete, ..line() };
        assert!(text(broken).contains(" a _ i r bob ftp 0 * i"));
        assert!(text(Line { action: Action::Deletion, ..line() }).contains(" b _ d r "));
        let anonymous = |address| text(Line { user: User::Anonymous(address), ..line() });
        assert!(anonymous("me@home").contains(" b _ o a me@home ftp 0 * c") && anonymous("").contains(" a - ftp "));
    }

    #[test]
    fn no_name_forges_a_line() {
        let path = b"/x\n\r\ty\x1b\xff".to_vec();
        let written = Line { path, user: User::Real("a b"), ..line() }.written(&TimeZone::UTC);
        assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 0);
        assert!(written.windows(9).any(|part| part == b" /x___y_\xff"));
        assert!(written.windows(4).any(|part| part == b" a_b"));
    }
}
