//! A text with variables, parsed once and rendered often.

#[cfg(test)]
mod tests;

use gantry_api::proto::text::escape_controls;
use gantry_api::variable::{Variable, Written};

use crate::context::Context;
use crate::dialect::Dialect;
use crate::fault::{Fault, NotContributed};
use crate::reference::Reference;

/// The text for a variable without a value.
pub const NOTHING: &str = "-";

/// A text with variables. Rendering appends to a buffer and allocates nothing else, except for
/// paths that a variable has to compose (`%f`, `%F`, `%D`).
#[derive(Debug, Clone, Default)]
pub struct Template {
    parts: Vec<Part>,
}

/// A part of a text.
#[derive(Debug, Clone)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// A variable.
    Variable(Reference),
}

impl Template {
    /// Parses a text; `%%` is a percent sign.
    pub fn parse(text: &str, dialect: &Dialect) -> Result<Self, Fault> {
        let mut template = Self::default();
        let mut at = 0;
        while let Some((plain, _)) = text.get(at..).and_then(|rest| rest.split_once('%')) {
            template.push_text(plain);
            let (reference, end) = dialect.take(text, at + plain.len())?;
            match reference {
                None => template.push_text("%"),
                Some(reference) => template.push(reference),
            }
            at = end;
        }
        template.push_text(text.get(at..).unwrap_or_default());
        Ok(template)
    }

    /// Appends text.
    pub fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// Appends a variable.
    pub fn push(&mut self, reference: Reference) {
        self.parts.push(Part::Variable(reference));
    }

    /// Its parts in order; two texts are never adjacent.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Its variables in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Variable(reference) => Some(reference),
        })
    }

    /// Looks up the variables that modules contribute. Call it when the module starts, since all
    /// modules are known then.
    pub fn resolve(&mut self, variables: &[Variable]) -> Result<(), NotContributed> {
        self.parts.iter_mut().try_for_each(|part| match part {
            Part::Text(_) => Ok(()),
            Part::Variable(reference) => reference.resolve(variables),
        })
    }

    /// Appends the text with its values unchanged.
    pub fn render(&self, context: &dyn Context, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Variable(reference) => {
                    if reference.write(context, out) == Written::Nothing {
                        out.extend_from_slice(NOTHING.as_bytes());
                    }
                }
            }
        }
    }

    /// Appends the text as part of one line: control characters in values, and those that change
    /// the direction of text, become `\xNN` or `\u{NNNN}`, so that a file name cannot forge a log
    /// line.
    pub fn render_line(&self, context: &dyn Context, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Variable(reference) => {
                    let begin = out.len();
                    match reference.write(context, out) {
                        Written::Nothing => out.extend_from_slice(NOTHING.as_bytes()),
                        Written::Text => escape(out, begin),
                        Written::Int(_) => {}
                    }
                }
            }
        }
    }
}

/// Replaces the characters after `begin` that could forge a line.
fn escape(out: &mut Vec<u8>, begin: usize) {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~');
    if out.iter().skip(begin).all(is_plain) {
        return;
    }
    let value = out.split_off(begin);
    escape_controls(&value, out);
}
