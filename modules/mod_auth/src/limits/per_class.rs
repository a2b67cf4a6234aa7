//! MaxClientsPerClass: the maximum number of logged-in clients in one class.

use gantry_api::Limit;
use gantry_api::prelude::*;
use serde::Deserialize;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// The maximum number of logged-in clients of a server in this `<Class>`; `none` means no
        /// limit. One more is refused and its session ended. It gets the message, in which `%m` is
        /// the maximum. If several lines name the same class, the last one applies.
        lines: Vec<Line> = MaxClientsPerClass "class count|\"none\" [message]" in SERVER | VHOST | GLOBAL,
            inherits: append, parse: class_limit;
    }
}

/// One line.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    class: String,
    limit: Option<Limit>,
}

impl Settings {
    pub(super) fn count<'a>(&'a self, candidate: &Candidate<'a>) -> Option<Count<'a>> {
        let class = candidate.class?;
        Some(Count {
            name: "MaxClientsPerClass",
            event: "mod_auth.max-clients-per-class",
            limit: self.lines.iter().rev().find(|line| line.class == class).and_then(|line| line.limit.as_ref()),
            of: class,
            member: None,
            words: "Sorry, the maximum number of clients (%m) from your class are already connected.",
        })
    }
}

fn class_limit(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let [class, limit @ ..] = words else { return Err("wrong number of parameters".into()) };
    Ok(Value::map([("class", Value::from(*class)), ("limit", Limit::parse(limit)?)]))
}
