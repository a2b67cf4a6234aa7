//! The connection to the daemon: a request is one line of JSON, and so is its answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{ControlError, Reason};
use super::socket;

/// The largest request in bytes, including its newline.
const LONGEST_REQUEST: usize = 1 << 20;
/// The largest answer in bytes.
const LONGEST_ANSWER: u64 = 64 << 20;

/// A request.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct Request {
    /// The action's name.
    pub action: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Text to send along, such as directives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

impl Request {
    /// An action without arguments.
    pub fn new(action: &str) -> Self {
        Self { action: action.to_owned(), ..Self::default() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn word(mut self, word: impl ToString) -> Self {
        self.arguments.push(word.to_string());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn words<W: ToString>(self, words: impl IntoIterator<Item = W>) -> Self {
        words.into_iter().fold(self, Self::word)
    }
}

/// The daemon's answer to a request that succeeded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// For people, as ftpdctl prints it.
    pub lines: Vec<String>,
    /// For programs.
    pub value: Value,
}

#[derive(Deserialize)]
struct Frame {
    ok: bool,
    #[serde(default)]
    lines: Option<Vec<String>>,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// A running daemon. Requests share one connection while it lasts.
pub struct Daemon {
    socket: PathBuf,
    connection: Option<Connection>,
}

impl Daemon {
    /// Connects to the given socket, or to this build's.
    ///
    /// # Errors
    /// No daemon listens there, or we have no permission to connect.
    pub fn find(given: Option<&Path>) -> Result<Self, ControlError> {
        let mut tried = Vec::new();
        for socket in socket::candidates(given) {
            match Connection::open(&socket) {
                Ok(connection) => return Ok(Self { socket, connection: Some(connection) }),
                Err(ControlError::NoSocket { .. }) => tried.push(socket),
                Err(error) => return Err(error),
            }
        }
        let socket = if tried.is_empty() { PathBuf::new() } else { tried.remove(0) };
        Err(ControlError::NoSocket { socket, tried })
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The daemon refuses it or does not answer.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, ControlError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(Connection::open(&self.socket)?),
        };
        let answer = connection.ask(request);
        if matches!(&answer, Err(error) if error.code() == 4) {
            self.connection = None;
        }
        answer
    }

    /// Sends a request that changes nothing; if the connection has ended, on a new one.
    ///
    /// # Errors
    /// As [`Daemon::ask`].
    pub fn ask_again(&mut self, request: &Request) -> Result<Answer, ControlError> {
        match self.ask(request) {
            Err(ControlError::Broken(..)) => self.ask(request),
            other => other,
        }
    }
}

struct Connection {
    stream: BufReader<UnixStream>,
}

impl Connection {
    fn open(socket: &Path) -> Result<Self, ControlError> {
        let stream = UnixStream::connect(socket).map_err(|source| {
            let socket = socket.to_owned();
            match source.kind() {
                io::ErrorKind::NotFound => ControlError::NoSocket { socket, tried: Vec::new() },
                io::ErrorKind::ConnectionRefused => ControlError::Stale(socket),
                io::ErrorKind::PermissionDenied => ControlError::Permission(socket),
                _ => ControlError::Unreachable { socket, source },
            }
        })?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, ControlError> {
        let action = || request.action.clone();
        let malformed = |fault: String| ControlError::Malformed { action: action(), fault };
        let mut line = serde_json::to_vec(request).map_err(|error| malformed(error.to_string()))?;
        line.push(b'\n');
        if line.len() > LONGEST_REQUEST {
            return Err(ControlError::TooLong(action()));
        }
        // A daemon that turns us away says why and closes, maybe before it has read.
        let sent = self.stream.get_mut().write_all(&line);
        let line = match self.line() {
            Ok(line) if line.ends_with(b"\n") => line,
            Ok(line) if line.len() as u64 > LONGEST_ANSWER => return Err(ControlError::TooLarge(action())),
            Ok(line) if line.is_empty() && sent.is_err() => return Err(ControlError::Broken("at once", action())),
            Ok(line) if line.is_empty() => return Err(ControlError::Broken("before its answer", action())),
            Ok(_) => return Err(ControlError::Broken("during its answer", action())),
            Err(_) => return Err(ControlError::Broken("before its answer", action())),
        };
        let frame: Frame = serde_json::from_slice(&line).map_err(|error| malformed(error.to_string()))?;
        if frame.ok {
            return Ok(Answer { lines: frame.lines.unwrap_or_default(), value: frame.value });
        }
        let reason = Reason::named(frame.reason.as_deref().unwrap_or_default());
        let text =
            frame.error.filter(|text| !text.trim().is_empty()).ok_or_else(|| malformed("no error".to_owned()))?;
        Err(ControlError::Refused { action: action(), reason, text })
    }

    /// A line, at most one byte longer than the largest answer.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.stream.by_ref().take(LONGEST_ANSWER + 1).read_until(b'\n', &mut line)?;
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// What becomes of a request to a daemon that answers so.
    fn answered(bytes: &'static [u8]) -> Result<Answer, ControlError> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let daemon = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = String::new();
            BufReader::new(&stream).read_line(&mut asked).unwrap();
            stream.write_all(bytes).unwrap();
            asked
        });
        let answer = Daemon::find(Some(&socket)).unwrap().ask(&Request::new("lsmod").word("a b").word('"'));
        assert_eq!(daemon.join().unwrap(), "{\"action\":\"lsmod\",\"arguments\":[\"a b\",\"\\\"\"]}\n");
        answer
    }

    #[test]
    fn an_answer_has_lines_and_a_value() {
        let answer = answered(b"{\"ok\":true,\"lines\":[\"x\"],\"value\":{\"a\":1},\"new\":0}\n").unwrap();
        assert_eq!(answer, Answer { lines: vec!["x".to_owned()], value: serde_json::json!({"a": 1}) });
        assert_eq!(answered(b"{\"ok\":true}\n").unwrap(), Answer::default());
    }

    #[test]
    fn a_refusal_is_told_by_its_reason() {
        for (reason, code) in [("denied", 3), ("disabled", 3), ("unknown", 1), ("usage", 2), ("refused", 1), ("new", 1)]
        {
            let line = format!("{{\"ok\":false,\"reason\":\"{reason}\",\"error\":\"no\\u001b\\nwhy\"}}\n").leak();
            let error = answered(line.as_bytes()).unwrap_err();
            assert_eq!(error.code(), code, "{reason}");
            assert!(error.to_string().starts_with("no\\x1b\nwhy"), "{error}");
        }
        let unknown = answered(b"{\"ok\":false,\"reason\":\"unknown\",\"error\":\"no\"}\n").unwrap_err();
        assert!(unknown.to_string().contains("`gantry actions`"), "{unknown}");
    }

    #[test]
    fn an_answer_that_is_none_is_told_from_one_that_does_not_end() {
        for (bytes, words) in [
            (&b""[..], "before its answer"),
            (b"{\"ok\":tr", "during its answer"),
            (b"{\"ok\":true}", "during its answer"),
            (b"220 Welcome\r\n", "not understood"),
            (b"{}\n", "not understood"),
            (b"{\"ok\":false}\n", "not understood"),
            (b"{\"ok\":true,\"lines\":[\"\xff\"]}\n", "not understood"),
        ] {
            let error = answered(bytes).unwrap_err();
            assert!(error.to_string().contains(words) && error.code() == 4, "{bytes:?}: {error}");
        }
    }

    #[test]
    fn what_no_daemon_would_take_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let _listener = UnixListener::bind(&socket).unwrap();
        let request = Request { input: Some("x".repeat(LONGEST_REQUEST)), ..Request::new("insmod") };
        let error = Daemon::find(Some(&socket)).unwrap().ask(&request).unwrap_err();
        assert!(matches!(error, ControlError::TooLong(_)));
    }

    #[test]
    fn a_socket_that_leads_nowhere_is_told_by_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let found = |name: &str| Daemon::find(Some(&folder.path().join(name))).err().map(|error| error.to_string());
        assert!(found("none").unwrap().contains("ControlsEngine on"));
        drop(UnixListener::bind(folder.path().join("stale")).unwrap());
        assert!(found("stale").unwrap().contains("nothing listens"));
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(found("file").unwrap().contains("nothing listens"));
    }
}
