//! Why a query is refused.

use gantry_format::Fault;

/// Why a template is refused. All of these are the configuration's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The variable itself is wrong.
    #[error(transparent)]
    Variable(#[from] Fault),
    /// A value cannot be bound there.
    #[error("variable {0} stands inside a quoted name: only values can vary")]
    InName(String),
    /// The same, without quotes.
    #[error("variable {0} is part of a name or number: put it in quotes, or apart from it")]
    PartOfWord(String),
    /// E'..', X'..' and the like have rules of their own.
    #[error("variable {0} stands inside a literal with the prefix '{1}'")]
    Prefixed(String, String),
    /// A literal, a name or a comment does not end.
    #[error("{0} is not closed")]
    Unclosed(&'static str),
    /// It would take a parameter's place.
    #[error("'?' stands outside of quotes: parameters are written as variables")]
    Placeholder,
}

impl TemplateError {
    /// The part of the query that is wrong.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Variable(fault) => Some(&fault.word),
            Self::InName(word) | Self::PartOfWord(word) | Self::Prefixed(word, _) => Some(word),
            Self::Unclosed(_) => None,
            Self::Placeholder => Some("?"),
        }
    }

    /// The same error of a text whose first `columns` the administrator did not
    /// write.
    #[must_use]
    pub fn without(self, columns: usize) -> Self {
        match self {
            Self::Variable(fault) => Self::Variable(fault.without(columns)),
            other => other,
        }
    }
}
