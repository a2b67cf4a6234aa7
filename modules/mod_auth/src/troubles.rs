//! What fails in authenticators, such as a database that is down: the log has a line about it, and not one for each login.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::{Trouble, log};

/// Whether a failure is worth a line, and how many were not since the last one that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News(Option<u64>);

impl News {
    /// For what does not fail again and again.
    pub(crate) const ALWAYS: Self = Self(Some(0));

    /// The text with the failures that no line was about; nothing if there shall be none.
    pub(crate) fn line(self, text: &str) -> Option<String> {
        self.0.map(|more| match more {
            0 => text.to_owned(),
            more => format!("{text} ({more} more failures in the meantime)"),
        })
    }
}

/// The failures of authenticators by their names.
#[derive(Default)]
pub(crate) struct Troubles(Mutex<HashMap<String, Arc<Trouble>>>);

impl Troubles {
    /// Counts a failure.
    pub(crate) fn failed(&self, name: &str) -> News {
        News(self.of(name).failed())
    }

    /// Counts a failure that refuses no login by itself.
    pub(crate) fn passed_over(&self, name: &str, text: &str) {
        match self.failed(name).line(text) {
            Some(line) => log!(Warn, "{line}"),
            None => log!(Debug, "{text}"),
        }
    }

    /// Counts an answer.
    pub(crate) fn worked(&self, name: &str) {
        if let Some(failures) = self.of(name).worked() {
            log!(Info, "{name} answers again after {failures} failures");
        }
    }

    fn of(&self, name: &str) -> Arc<Trouble> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(name) {
            Some(trouble) => trouble.clone(),
            None => all.entry(name.to_owned()).or_default().clone(),
        }
    }
}
