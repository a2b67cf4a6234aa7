//! An operator at the control socket: asks in lines of JSON, as the manual
//! tells.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::config::Config;
use crate::server::Server;

/// How long an answer may take on a busy machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// A connection to the control socket.
pub struct Operator {
    stream: BufReader<UnixStream>,
}

/// Why an action was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Of what kind.
    pub reason: String,
    /// The words.
    pub error: String,
}

/// Switches the control socket on, and lets everybody do everything.
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
    /// When nobody listens there.
    pub fn of(server: &Server) -> Self {
        Self::at(&server.var("control.sock"))
    }

    /// Connects to a socket.
    ///
    /// # Panics
    /// When nobody listens there.
    pub fn at(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
        stream.set_read_timeout(Some(ANSWER_LIMIT)).expect("a limit can be set");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends a line as it is; the answer, none where the connection ends.
    ///
    /// # Panics
    /// When the answer is no JSON.
    pub fn send(&mut self, line: &[u8]) -> Option<Value> {
        // The server may have closed it already: the answer is there then.
        let _ = self.stream.get_mut().write_all(line);
        let mut answer = String::new();
        let read = self.stream.read_line(&mut answer).unwrap_or(0);
        (read > 0).then(|| serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}")))
    }

    /// Asks for an action, some text going with it.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When there is no answer.
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

    /// Asks for an action.
    ///
    /// # Errors
    /// The refusal.
    pub fn ask(&mut self, words: &str) -> Result<Value, Refusal> {
        self.ask_with(words, "")
    }

    /// Has an action done.
    ///
    /// # Panics
    /// When it is refused.
    pub fn does(&mut self, words: &str) -> Value {
        self.ask(words).unwrap_or_else(|refusal| panic!("{words}: {refusal:?}"))
    }

    /// The words with which an action is refused.
    ///
    /// # Panics
    /// When it is done.
    pub fn refused(&mut self, words: &str) -> String {
        match self.ask(words) {
            Ok(value) => panic!("{words} was done: {value}"),
            Err(refusal) => refusal.error,
        }
    }

    /// What lsmod tells of the modules of a name.
    pub fn modules(&mut self, name: &str) -> Vec<Value> {
        let told = self.does("lsmod");
        let modules = told["modules"].as_array().cloned().unwrap_or_default();
        modules.into_iter().filter(|module| module["name"] == name).collect()
    }

    /// The number of the generation that serves.
    ///
    /// # Panics
    /// When none is told.
    pub fn generation(&mut self) -> u64 {
        self.does("status")["generation"].as_u64().expect("a number")
    }
}
