//! MaxClientsPerClass: how many clients of a class may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;
use serde::Deserialize;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// How many clients of one `<Class>` may be logged in to a server at once; `none` for any number. The next one is refused
        /// and its session ended; it reads the message, in which `%m` is the count. Of several lines about a class the last
        /// counts.
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
            limit: self.lines.iter().rev().find(|line| line.class == class).and_then(|line| line.limit.as_ref()),
            of: class,
            member: None,
            words: "Sorry, the maximum number of clients (%m) from your class are already connected.",
        })
    }
}

fn class_limit(words: &[&str]) -> std::result::Result<Value, String> {
    let [class, limit @ ..] = words else { return Err("wrong number of parameters".to_owned()) };
    Ok(Value::map([("class", Value::from(*class)), ("limit", Limit::parse(limit)?)]))
}
