//! SQLShowInfo's text: variables, and `%{name}` for the first value that a
//! named query gives.

use gantry_api::variable::Variable;

use crate::variables::{self, Name, Place, Source, Unavailable, VariableError};

/// What stands for a value that a query does not give.
pub const NOTHING: &str = "{null}";

/// A compiled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its parts in order.
    pub parts: Vec<Piece>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// A variable.
    Variable(Name),
    /// What a named query gives.
    Query(String),
}

/// Why a text is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A variable is wrong.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// It has no value for a command.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Message {
    /// Compiles a text.
    pub fn compile(mut text: &str) -> Result<Self, MessageError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        while let Some(at) = text.find('%') {
            let (before, variable) = text.split_at(at);
            plain.push_str(before);
            let (piece, rest) = match variables::parse(variable) {
                Ok((None, rest)) => (None, rest),
                Ok((Some(name), rest)) => {
                    name.check(Place::Command)?;
                    (Some(Piece::Variable(name)), rest)
                }
                Err(VariableError::Unknown(name)) if name.len() > 2 && name.starts_with('{') => {
                    let inner = name.trim_matches(['{', '}']).to_owned();
                    (Some(Piece::Query(inner)), variable.split_at(1 + name.len()).1)
                }
                Err(error) => return Err(error.into()),
            };
            text = rest;
            match piece {
                None => plain.push('%'),
                Some(piece) => {
                    parts.push(Piece::Text(std::mem::take(&mut plain)));
                    parts.push(piece);
                }
            }
        }
        plain.push_str(text);
        parts.push(Piece::Text(plain));
        parts.retain(|part| !matches!(part, Piece::Text(text) if text.is_empty()));
        Ok(Self { parts })
    }
}

/// A variable as a message shows it.
pub fn shown(name: &Name, source: &dyn Source) -> String {
    name.value(source).unwrap_or(Variable::None).into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_variables_and_queries() {
        let message = Message::compile("You've logged on %{count} times, %u: 100%%").unwrap();
        let wanted = [
            Piece::Text("You've logged on ".to_owned()),
            Piece::Query("count".to_owned()),
            Piece::Text(" times, ".to_owned()),
            Piece::Variable(Name::Session("u".to_owned())),
            Piece::Text(": 100%".to_owned()),
        ];
        assert_eq!(message.parts, wanted);
        assert!(Message::compile("%y").is_err());
        assert!(Message::compile("%{0}").is_err());
        assert!(Message::compile("%{}").is_err());
        assert!(Message::compile("%").is_err());
    }
}
