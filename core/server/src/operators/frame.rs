//! The protocol of the control socket: one line of JSON per request, and one per answer.

use gantry_api::Value;
use serde::{Deserialize, Serialize};

/// The longest line of a request, in bytes.
pub const MOST_ASKED: usize = 1 << 20;
/// The longest line of an answer, in bytes.
pub const MOST_ANSWERED: usize = 64 << 20;

/// An operator's request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The action.
    pub action: String,
    /// Its parameters.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Text sent with it, such as directives.
    #[serde(default)]
    pub input: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The action was done.
    Done {
        /// Always true.
        ok: bool,
        /// For people, as ftpdctl prints it.
        lines: Vec<String>,
        /// For programs.
        value: Value,
    },
    /// It was not done.
    Refused {
        /// Always false.
        ok: bool,
        /// The kind of refusal.
        reason: Reason,
        /// The reason, for people; may have several lines.
        error: String,
    },
}

/// Why an action was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The operator may not do this.
    Denied,
    /// It is disabled (rmctrl).
    Disabled,
    /// There is no such action.
    Unknown,
    /// Its parameters are wrong.
    Usage,
    /// It failed; the running server is unchanged.
    Refused,
    /// Too many operators are connected.
    Busy,
    /// The request is invalid.
    Malformed,
}

impl Answer {
    /// The action was done.
    pub fn done(answer: gantry_api::control::Answer) -> Self {
        Self::Done { ok: true, lines: answer.lines, value: answer.value }
    }

    /// It was not done.
    pub fn refused(reason: Reason, error: impl Into<String>) -> Self {
        Self::Refused { ok: false, reason, error: error.into() }
    }

    /// Its line, including the line end.
    pub fn line(&self) -> Vec<u8> {
        let written = serde_json::to_vec(self);
        // A value tree of strings and numbers is always valid JSON.
        let mut line = written.unwrap_or_else(|error| {
            let refused = Self::refused(Reason::Refused, format!("cannot encode the answer: {error}"));
            serde_json::to_vec(&refused).unwrap_or_default()
        });
        if line.len() > MOST_ANSWERED {
            let refused = Self::refused(Reason::Refused, format!("the answer is too long: {} bytes", line.len()));
            line = serde_json::to_vec(&refused).unwrap_or_default();
        }
        line.push(b'\n');
        line
    }
}
