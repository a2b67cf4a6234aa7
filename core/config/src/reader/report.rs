//! How the reader reports faults and their places.

use gantry_api::{Contexts, ParseError, nearest};

use super::Reader;
use super::at::At;
use crate::error::{Fault, Notice, Problem};
use crate::tree::Argument;

/// The most faults; after these the rest is not read.
const MOST_FAULTS: usize = 1000;

/// The most faults with suggestions.
const MOST_SUGGESTIONS: usize = 50;

/// The hint with similar names.
pub(super) fn suggested(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| format!("Did you mean: {}", names.join(", ")))
}

impl Reader<'_> {
    /// Reports a directive or section that is not allowed here; returns whether it did.
    pub(super) fn wrong_context(&mut self, name: &str, allowed: Contexts, at: &At<'_>) -> bool {
        let Some((here, context)) = self.stack.context() else { return false };
        if allowed.contains(here) {
            return false;
        }
        let fault = self.fault(at, Problem::Context { name: name.to_owned(), context });
        fault.help.push(format!("allowed in: {allowed}"));
        true
    }

    /// Known names similar to this one.
    pub(super) fn near(&self, name: &str, known: impl FnOnce() -> Vec<String>) -> Vec<String> {
        if self.faults.len() >= MOST_SUGGESTIONS { Vec::new() } else { nearest(name, &known()) }
    }

    /// The hint with known names similar to this one.
    pub(super) fn suggestions(&self, name: &str, known: impl FnOnce() -> Vec<String>) -> Option<String> {
        suggested(&self.near(name, known))
    }

    pub(super) fn missing(&mut self, at: &At<'_>, name: &str) {
        self.value_fault(at, name, "missing parameters");
    }

    /// Reports a TOML syntax error.
    pub(super) fn no_toml(&mut self, at: &At<'_>, message: String, repeats: bool) {
        let fault = self.fault(at, Problem::Toml(message));
        if repeats {
            fault.help.push("write a repeated directive as one array of arrays".to_owned());
        }
    }

    /// Reports invalid words; the mark is at the word that the error names.
    pub(super) fn value_fault(&mut self, at: &At<'_>, name: &str, error: impl Into<ParseError>) -> &mut Fault {
        let error = error.into();
        let meant = |argument: &&Argument| error.word() == Some(&argument.text);
        let same_line = at.arguments.iter().filter(|argument| argument.line == at.position.line);
        let column = same_line.into_iter().find(meant).map(|argument| argument.column);
        let fault = self.fault(at, Problem::Value { name: name.to_owned(), reason: error.text().to_owned() });
        fault.help.extend(error.advice().map(str::to_owned));
        match (&mut fault.position, column, error.word()) {
            (Some(position), Some(column), _) => position.column = column,
            // A part of a word.
            (_, None, Some(word)) => fault.mark(word),
            _ => {}
        }
        fault
    }

    pub(super) fn fault(&mut self, at: &At<'_>, problem: Problem) -> &mut Fault {
        let fault = Fault::at(problem, &at.position);
        self.push(Fault { source_line: Some(at.source.to_owned()), ..fault })
    }

    /// Adds a fault; at the limit, reports only that there are more.
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
