//! What goes over the control socket: a line of JSON for each question, and one
//! for each answer.

use gantry_api::Value;
use serde::{Deserialize, Serialize};

/// The longest line of a question, in bytes.
pub const MOST_ASKED: usize = 1 << 20;
/// The longest line of an answer, in bytes.
pub const MOST_ANSWERED: usize = 64 << 20;

/// An operator's question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The action.
    pub action: String,
    /// The words behind it.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Text that goes with it, such as directives.
    #[serde(default)]
    pub input: String,
}

/// What comes back.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// It was done.
    Done {
        /// Always true.
        ok: bool,
        /// For people, as ftpdctl prints it.
        lines: Vec<String>,
        /// For programs.
        value: Value,
    },
    /// It was not.
    Refused {
        /// Always false.
        ok: bool,
        /// What kind of refusal it is.
        reason: Reason,
        /// Why, for people; perhaps several lines.
        error: String,
    },
}

/// Why an action was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The operator may not.
    Denied,
    /// It is switched off (rmctrl).
    Disabled,
    /// There is no such action.
    Unknown,
    /// Its words are wrong.
    Usage,
    /// It cannot be done: the running server is as it was.
    Refused,
    /// Too many operators ask at once.
    Busy,
    /// The question is none.
    Malformed,
}

impl Answer {
    /// It was done.
    pub fn done(answer: gantry_api::control::Answer) -> Self {
        Self::Done { ok: true, lines: answer.lines, value: answer.value }
    }

    /// It was not.
    pub fn refused(reason: Reason, error: impl Into<String>) -> Self {
        Self::Refused { ok: false, reason, error: error.into() }
    }

    /// Its line, with the line's end.
    pub fn line(&self) -> Vec<u8> {
        let written = serde_json::to_vec(self);
        // A value tree of strings and numbers is always JSON.
        let mut line = written.unwrap_or_else(|error| {
            let refused = Self::refused(Reason::Refused, format!("the answer cannot be written: {error}"));
            serde_json::to_vec(&refused).unwrap_or_default()
        });
        if line.len() > MOST_ANSWERED {
            let refused = Self::refused(Reason::Refused, format!("the answer has {} bytes, too many", line.len()));
            line = serde_json::to_vec(&refused).unwrap_or_default();
        }
        line.push(b'\n');
        line
    }
}
