//! How the reading says what is wrong, and where.

use gantry_api::{Contexts, nearest};

use super::Reader;
use super::at::At;
use crate::error::{Fault, Notice, Problem};
use crate::tree::Argument;

/// More faults than these, and the rest is not read.
const MOST_FAULTS: usize = 1000;

/// Names are suggested for this many faults.
const MOST_SUGGESTIONS: usize = 50;

/// The line of help for near names.
pub(super) fn suggested(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| format!("Did you mean: {}", names.join(", ")))
}

impl Reader<'_> {
    /// Reports a directive or section that may not stand here.
    pub(super) fn wrong_context(&mut self, name: &str, allowed: Contexts, at: &At<'_>) -> bool {
        let Some((here, context)) = self.stack.context() else { return false };
        if allowed.contains(here) {
            return false;
        }
        let fault = self.fault(at, Problem::Context { name: name.to_owned(), context });
        fault.help.push(format!("allowed in: {allowed}"));
        true
    }

    /// What is known and near.
    pub(super) fn near(&self, name: &str, known: impl FnOnce() -> Vec<String>) -> Vec<String> {
        if self.faults.len() >= MOST_SUGGESTIONS { Vec::new() } else { nearest(name, &known()) }
    }

    /// The line of help that names what is known and near.
    pub(super) fn suggestions(&self, name: &str, known: impl FnOnce() -> Vec<String>) -> Option<String> {
        suggested(&self.near(name, known))
    }

    pub(super) fn missing(&mut self, at: &At<'_>, name: &str) {
        self.value_fault(at, name, "missing parameters");
    }

    /// A place at which a TOML file is none.
    pub(super) fn no_toml(&mut self, at: &At<'_>, message: String) {
        let repeated = message.contains("duplicate key");
        let fault = self.fault(at, Problem::Toml(message));
        if repeated {
            fault.help.push("the lines of a repeated directive are one array of arrays".to_owned());
        }
    }

    /// A fault of the words; its mark stands at the one that the reason quotes.
    pub(super) fn value_fault(&mut self, at: &At<'_>, name: &str, reason: &str) -> &mut Fault {
        let quoted = |argument: &&Argument| reason.contains(&format!("'{}'", argument.text));
        let same_line = at.arguments.iter().filter(|argument| argument.line == at.position.line);
        let column = same_line.into_iter().find(quoted).map(|argument| argument.column);
        let fault = self.fault(at, Problem::Value { name: name.to_owned(), reason: reason.to_owned() });
        if let (Some(position), Some(column)) = (&mut fault.position, column) {
            position.column = column;
        }
        fault
    }

    pub(super) fn fault(&mut self, at: &At<'_>, problem: Problem) -> &mut Fault {
        let fault = Fault::at(problem, &at.position);
        self.push(Fault { source_line: Some(at.source.to_owned()), ..fault })
    }

    /// Keeps a fault; beyond the bound, only says that there are more.
    pub(super) fn push(&mut self, fault: Fault) -> &mut Fault {
        let at = self.faults.len().min(MOST_FAULTS);
        self.faults.truncate(at);
        self.faults.push(if at == MOST_FAULTS { Fault::general(Problem::TooMany) } else { fault });
        &mut self.faults[at]
    }

    /// Whether there are so many faults that the rest need not be read.
    pub(super) fn is_full(&self) -> bool {
        self.faults.len() > MOST_FAULTS
    }

    pub(super) fn notice(&mut self, at: &At<'_>, text: String) {
        self.notices.push(Notice { text, position: at.position.clone() });
    }
}
