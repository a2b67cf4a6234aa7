//! A variable as a text names it, parsed.

use std::fmt;

use gantry_api::nearest;
use gantry_api::variable::{Out, Variable, Written};

use crate::context::Context;
use crate::fault::NotContributed;
use crate::pattern::Pattern;

/// A variable as a text names it.
#[derive(Debug, Clone)]
pub enum Reference {
    /// `%a`, `%{uid}`; a module's, once resolved.
    Variable(Variable),
    /// `%{mod_x.name}`: a module's. It has no value before it is resolved.
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
    /// `%{env:NAME}`, `%{NAME}e`: read when the text was parsed.
    Environment {
        /// As it was written, without the percent sign.
        name: Box<str>,
        /// None where it is not set.
        value: Option<Box<str>>,
    },
}

impl Reference {
    /// Appends its value; nothing where it has none.
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
            Self::Environment { value, .. } => value.iter().for_each(|value| out.text(value.as_bytes())),
            Self::Contributed(_) | Self::Time { .. } => {}
        }
        out.written()
    }

    /// Finds a module's variable among those that modules contribute.
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

/// As texts write it.
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

/// A variable's name as texts write it.
pub(crate) fn written(name: &str) -> String {
    if name.len() == 1 { format!("%{name}") } else { format!("%{{{name}}}") }
}
