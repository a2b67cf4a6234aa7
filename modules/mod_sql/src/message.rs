//! SQLShowInfo's text: variables, and `%{name}` for the first value that a
//! named query gives.

use gantry_api::variable::Variable;
use gantry_format::{Fault, FaultKind, NotContributed, Template};

use crate::variables::{self, Place, Unavailable};

/// What is shown for a value that a query does not give.
pub const NOTHING: &str = "{null}";

/// A compiled text.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its parts in order.
    pub parts: Vec<Piece>,
}

/// A part of a text.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Text with variables.
    Text(Template),
    /// What a named query gives.
    Query(String),
}

/// Why a text is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A variable is wrong.
    #[error(transparent)]
    Variable(#[from] Fault),
    /// It has no value for a command.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl MessageError {
    /// The variable that is wrong.
    pub fn word(&self) -> &str {
        match self {
            Self::Variable(fault) => &fault.word,
            Self::Unavailable(variable) => variable.word(),
        }
    }
}

impl Message {
    /// Compiles a text.
    pub fn compile(text: &str) -> Result<Self, MessageError> {
        let dialect = variables::dialect();
        let (mut parts, mut current, mut at) = (Vec::new(), Template::default(), 0);
        while let Some((plain, _)) = text.get(at..).and_then(|rest| rest.split_once('%')) {
            current.push_text(plain);
            at += plain.len();
            match dialect.take(text, at) {
                Ok((None, end)) => {
                    current.push_text("%");
                    at = end;
                }
                Ok((Some(reference), end)) => {
                    Place::Command.check(&reference)?;
                    current.push(reference);
                    at = end;
                }
                Err(fault) => {
                    let query = query(&fault).ok_or(fault.clone())?;
                    at += fault.word.len();
                    parts.push(Piece::Text(std::mem::take(&mut current)));
                    parts.push(Piece::Query(query));
                }
            }
        }
        current.push_text(text.get(at..).unwrap_or_default());
        parts.push(Piece::Text(current));
        parts.retain(|part| !matches!(part, Piece::Text(text) if text.parts().is_empty()));
        Ok(Self { parts })
    }

    /// Finds the variables that modules contribute.
    pub fn resolve(&mut self, variables: &[Variable]) -> Result<(), NotContributed> {
        self.parts.iter_mut().try_for_each(|part| match part {
            Piece::Text(text) => text.resolve(variables),
            Piece::Query(_) => Ok(()),
        })
    }
}

/// The named query that is meant by what is no variable.
fn query(fault: &Fault) -> Option<String> {
    let name = fault.word.strip_prefix("%{")?.strip_suffix('}')?;
    (fault.kind == FaultKind::Unknown && !name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Lookup, login};

    #[test]
    fn a_text_has_variables_and_queries() {
        let message = Message::compile("You've logged on %{count} times, %u: 100%%").unwrap();
        let request = login("joe");
        let lookup = Lookup { request: &request, argument: "" };
        let parts = message.parts.iter().map(|part| match part {
            Piece::Text(text) => {
                let mut shown = Vec::new();
                text.render(&lookup, &mut shown);
                String::from_utf8(shown).unwrap()
            }
            Piece::Query(name) => format!("<{name}>"),
        });
        assert_eq!(parts.collect::<Vec<_>>(), ["You've logged on ", "<count>", " times, joe: 100%"]);
        for text in ["%y", "%{0}", "%{}", "%", "%t", "%{uid"] {
            assert!(Message::compile(text).is_err(), "{text}");
        }
    }
}
