//! A client's line as a command (RFC 959 section 5.3). [`crate::lines`] splits the stream into lines; the module that
//! serves the verb knows what the argument means.

use std::fmt;

use crate::text::Escaped;
use crate::verb::Verb;

/// A command from a client.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// The verb.
    pub verb: Verb,
    /// The argument: every byte after the space or tab that ends the verb. Spaces are kept, because names may start or
    /// end with them; but an argument of nothing else is none, except for a secret. May be empty.
    pub argument: Vec<u8>,
}

/// Why a line is not a command. The client is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The line is empty.
    Empty,
    /// It does not start with the name of a command.
    NotAVerb,
    /// Its argument contains a NUL byte, which no file name can contain.
    NulByte,
    /// Its argument is not UTF-8, but must be text.
    NotUtf8,
}

impl Command {
    /// Reads a line, given without the bytes that end it.
    ///
    /// `SITE CHMOD 644 x` becomes `SITE_CHMOD` with the argument `644 x`; without a following verb, `SITE` stays as it
    /// is. Telnet's `CR NUL` becomes `CR` (RFC 2640, section 3.1).
    ///
    /// # Errors
    ///
    /// The line is empty, does not start with a verb that a client may use, or contains a NUL byte.
    pub fn parse(line: &[u8]) -> Result<Command, CommandError> {
        if line.is_empty() {
            return Err(CommandError::Empty);
        }
        let (name, argument) = split_at_space(line);
        let verb = Verb::parse(name).ok_or(CommandError::NotAVerb)?;
        // Clients cannot send events, and can send SITE commands only after SITE.
        if verb.is_event() || verb.is_site() {
            return Err(CommandError::NotAVerb);
        }
        let (verb, argument) = match verb {
            Verb::SITE => site(argument),
            verb => (verb, argument),
        };
        let mut command = Command { verb, argument: without_telnet_nul(argument)? };
        if !command.is_secret() && command.argument.iter().all(|&byte| byte == b' ') {
            command.argument.clear();
        }
        Ok(command)
    }

    /// The argument as text.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotUtf8`].
    pub fn text(&self) -> Result<&str, CommandError> {
        std::str::from_utf8(&self.argument).map_err(|_| CommandError::NotUtf8)
    }

    /// Whether the argument is a secret that must not appear in a log.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.verb, Verb::PASS | Verb::ACCT | Verb::ADAT)
    }
}

/// For logs: one line, without secrets.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verb)?;
        if self.argument.is_empty() {
            return Ok(());
        }
        if self.is_secret() {
            return f.write_str(" (hidden)");
        }
        write!(f, " {}", Escaped(&self.argument))
    }
}

/// Like [`fmt::Display`], so that `{:?}` does not reveal a password.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({self})")
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CommandError::Empty => "empty command",
            CommandError::NotAVerb => "not a command",
            CommandError::NulByte => "NUL byte in argument",
            CommandError::NotUtf8 => "argument is not UTF-8",
        })
    }
}

impl std::error::Error for CommandError {}

fn split_at_space(line: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = line.splitn(2, |&b| b == b' ' || b == b'\t');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// The verb and argument after `SITE `.
fn site(argument: &[u8]) -> (Verb, &[u8]) {
    let (sub, rest) = split_at_space(argument);
    match Verb::site(sub) {
        Some(verb) => (verb, rest),
        None => (Verb::SITE, argument),
    }
}

fn without_telnet_nul(argument: &[u8]) -> Result<Vec<u8>, CommandError> {
    let mut clean = Vec::with_capacity(argument.len());
    let mut before = 0;
    for &byte in argument {
        match (before, byte) {
            (b'\r', 0) => {}
            (_, 0) => return Err(CommandError::NulByte),
            _ => clean.push(byte),
        }
        before = byte;
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[u8]) -> (String, Vec<u8>) {
        let command = Command::parse(line).unwrap();
        (command.verb.name(), command.argument)
    }

    #[test]
    fn the_verb_has_no_case_and_the_argument_keeps_its_bytes() {
        assert_eq!(parsed(b"noop"), ("NOOP".into(), b"".to_vec()));
        assert_eq!(parsed(b"Retr a b"), ("RETR".into(), b"a b".to_vec()));
        assert_eq!(parsed(b"STOR  x "), ("STOR".into(), b" x ".to_vec()));
        assert_eq!(parsed(b"CWD \xff\xfe"), ("CWD".into(), b"\xff\xfe".to_vec()));
        assert_eq!(parsed(b"RNFR a\r\0b"), ("RNFR".into(), b"a\rb".to_vec()));
        assert_eq!(parsed(b"PWD\t"), ("PWD".into(), b"".to_vec()));
        assert_eq!(parsed(b"CWD  "), ("CWD".into(), b"".to_vec()));
        assert_eq!(parsed(b"PASS  "), ("PASS".into(), b" ".to_vec()));
    }

    #[test]
    fn site_commands_get_their_own_verb() {
        assert_eq!(parsed(b"site chmod 644 x y"), ("SITE_CHMOD".into(), b"644 x y".to_vec()));
        assert_eq!(parsed(b"SITE HELP"), ("SITE_HELP".into(), b"".to_vec()));
        assert_eq!(parsed(b"SITE"), ("SITE".into(), b"".to_vec()));
        assert_eq!(parsed(b"SITE ?!"), ("SITE".into(), b"?!".to_vec()));
    }

    #[test]
    fn what_is_no_command_is_refused() {
        let error = |line: &[u8]| Command::parse(line).unwrap_err();
        assert_eq!(error(b""), CommandError::Empty);
        assert_eq!(error(b" USER x"), CommandError::NotAVerb);
        assert_eq!(error(b"\x16\x03\x01"), CommandError::NotAVerb);
        assert_eq!(error(b"US\0ER"), CommandError::NotAVerb);
        assert_eq!(error(b"RETR a\0b"), CommandError::NulByte);
        assert_eq!(error(b"RETR a\r\0\0"), CommandError::NulByte);
    }

    #[test]
    fn events_and_internal_names_are_out_of_reach() {
        for line in [&b"CONNECT"[..], b"exit 1", b"SITE_CHMOD 644 x"] {
            assert_eq!(Command::parse(line), Err(CommandError::NotAVerb));
        }
    }

    #[test]
    fn logs_show_no_password_and_no_control_bytes() {
        let shown = |line: &[u8]| Command::parse(line).unwrap().to_string();
        assert_eq!(shown(b"PASS hunter2"), "PASS (hidden)");
        assert_eq!(shown(b"PASS"), "PASS");
        assert_eq!(shown(b"RETR a\x1bb"), r"RETR a\x1bb");
        let debug = format!("{:?}", Command::parse(b"pass hunter2").unwrap());
        assert_eq!(debug, "Command(PASS (hidden))");
    }

    #[test]
    fn text_is_utf8() {
        let text = |line| Command::parse(line).unwrap().text().map(str::to_owned);
        assert_eq!(text("CWD \u{fc}".as_bytes()), Ok("\u{fc}".to_owned()));
        assert_eq!(text(b"CWD \xfc"), Err(CommandError::NotUtf8));
    }
}
