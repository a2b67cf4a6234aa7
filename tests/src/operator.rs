//! An operator at the control socket: sends lines of JSON, as the manual describes.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::config::Config;
use crate::server::Server;

/// The time limit for an answer on a busy machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// A connection to the control socket.
pub struct Operator {
    stream: BufReader<UnixStream>,
}

/// Why an action was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of refusal.
    pub reason: String,
    /// The message.
    pub error: String,
}

/// Enables the control socket, and lets everybody do everything.
pub fn let_operators_in(config: &mut Config) {
    let socket = config.path("control.sock");
    config.set("ControlsEngine", "on").set("ControlsSocket", socket);
    for acl in ["ControlsACLs", "ModuleControlsACLs", "AdminControlsACLs"] {
        config.set(acl, "all allow user *");
    }
}

impl Operator {
    /// Connects to a server's socket.
    ///
    /// # Panics
    /// If nobody listens there.
    pub fn of(server: &Server) -> Self {
        Self::at(&server.var("control.sock"))
    }

    /// Connects to a socket.
    ///
    /// # Panics
    /// If nobody listens there.
    pub fn at(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
        stream.set_read_timeout(Some(ANSWER_LIMIT)).expect("a limit can be set");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends a line unchanged and returns the answer; `None` if the connection ends.
    ///
    /// # Panics
    /// If the answer is not JSON.
    pub fn send(&mut self, line: &[u8]) -> Option<Value> {
        // The server may have closed the connection already; the answer is there then.
        let _ = self.stream.get_mut().write_all(line);
        let mut answer = String::new();
        let read = self.stream.read_line(&mut answer).unwrap_or(0);
        (read > 0).then(|| serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}")))
    }

    /// Requests an action, with additional text.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn ask_with(&mut self, words: &str, input: &str) -> Result<Value, Refusal> {
        let mut words = words.split(' ');
        let question = json!({ "action": words.next(), "arguments": words.collect::<Vec<_>>(), "input": input });
        let answer = self.send(format!("{question}\n").as_bytes()).expect("the server answers");
        if answer["ok"] == true {
            return Ok(answer["value"].clone());
        }
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        Err(Refusal { reason: text("reason"), error: text("error") })
    }

    /// Requests an action.
    ///
    /// # Errors
    /// The refusal.
    pub fn ask(&mut self, words: &str) -> Result<Value, Refusal> {
        self.ask_with(words, "")
    }

    /// Requests an action that must succeed.
    ///
    /// # Panics
    /// If it is refused.
    pub fn does(&mut self, words: &str) -> Value {
        self.ask(words).unwrap_or_else(|refusal| panic!("{words}: {refusal:?}"))
    }

    /// Requests an action that must be refused, and returns the message.
    ///
    /// # Panics
    /// If it succeeds.
    pub fn refused(&mut self, words: &str) -> String {
        match self.ask(words) {
            Ok(value) => panic!("{words} was done: {value}"),
            Err(refusal) => refusal.error,
        }
    }

    /// The entries in lsmod for a module name.
    pub fn modules(&mut self, name: &str) -> Vec<Value> {
        let told = self.does("lsmod");
        let modules = told["modules"].as_array().cloned().unwrap_or_default();
        modules.into_iter().filter(|module| module["name"] == name).collect()
    }

    /// The number of the serving generation.
    ///
    /// # Panics
    /// If there is none.
    pub fn generation(&mut self) -> u64 {
        self.does("status")["generation"].as_u64().expect("a number")
    }
}
