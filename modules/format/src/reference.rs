//! A parsed reference to a variable.

use std::fmt;

use gantry_api::nearest;
use gantry_api::variable::{Out, Variable, Written};

use crate::context::Context;
use crate::fault::NotContributed;
use crate::pattern::Pattern;

/// A reference to a variable.
#[derive(Debug, Clone)]
pub enum Reference {
    /// `%a`, `%{uid}`, or a module's variable after `resolve`.
    Variable(Variable),
    /// `%{mod_x.name}`: a module's variable before `resolve`. It has no value yet.
    Contributed(Box<str>),
    /// `%{note:NAME}`.
    Note(Box<str>),
    /// `%{0}`.
    Argument(usize),
    /// `%t`, `%{time:FORMAT}`.
    Time {
        /// As it was written, without the percent sign.
        name: Box<str>,
        /// The format.
        pattern: Pattern,
    },
    /// `%{env:NAME}`, `%{NAME}e`: read when the text is parsed.
    Environment {
        /// As it was written, without the percent sign.
        name: Box<str>,
        /// The environment variable. A session's note of this name comes first: mod_unique_id's
        /// UNIQUE_ID is part of the environment only in ProFTPD.
        variable: Box<str>,
        /// `None` if it is not set.
        value: Option<Box<str>>,
    },
}

impl Reference {
    /// Appends its value, if it has one.
    pub fn write(&self, context: &dyn Context, buffer: &mut Vec<u8>) -> Written {
        if let Self::Time { pattern, .. } = self {
            pattern.write(context.now(), buffer);
            return Written::Text;
        }
        let mut out = Out::new(buffer);
        match self {
            Self::Variable(variable) => context.write(variable, &mut out),
            Self::Note(name) => out.value(context.note(name)),
            Self::Argument(index) => context.argument(*index).into_iter().for_each(|argument| out.text(argument)),
            Self::Environment { variable, value, .. } => match context.note(variable) {
                Some(note) => out.value(Some(note)),
                None => value.iter().for_each(|value| out.text(value.as_bytes())),
            },
            Self::Contributed(_) | Self::Time { .. } => {}
        }
        out.written()
    }

    /// Looks up a module's variable among the contributed ones.
    pub fn resolve(&mut self, variables: &[Variable]) -> Result<(), NotContributed> {
        let Self::Contributed(name) = self else { return Ok(()) };
        if let Some(found) = variables.iter().find(|variable| *variable.name == **name) {
            *self = Self::Variable(*found);
            return Ok(());
        }
        let names: Vec<String> = variables.iter().map(|variable| variable.name.to_owned()).collect();
        let nearest = nearest(name, &names).iter().map(|name| written(name)).collect();
        Err(NotContributed { word: written(name), nearest })
    }
}

/// The notation in texts.
impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(variable) => out.write_str(&written(variable.name)),
            Self::Contributed(name) => out.write_str(&written(name)),
            Self::Note(name) => write!(out, "%{{note:{name}}}"),
            Self::Argument(index) => write!(out, "%{{{index}}}"),
            Self::Time { name, .. } | Self::Environment { name, .. } => write!(out, "%{name}"),
        }
    }
}

/// The notation of a variable's name in texts.
pub(crate) fn written(name: &str) -> String {
    if name.len() == 1 { format!("%{name}") } else { format!("%{{{name}}}") }
}
