//! Why a text is rejected. The configuration is always at fault.

use std::fmt;

use gantry_api::ParseError;

/// What is wrong with a variable, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The variable as written, including the percent sign.
    pub word: String,
    /// Its column: the text's first character is in column 1.
    pub column: usize,
    /// Variables with similar names, as they are written.
    pub nearest: Vec<String>,
}

/// What is wrong with a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// No such variable.
    Unknown,
    /// `%{` without a closing brace.
    Unclosed,
    /// It exists elsewhere; the alternative to use here.
    NotHere(&'static str),
    /// The strftime format is invalid.
    Time(String),
}

impl Fault {
    /// The same fault in a longer text that has `columns` more characters in front.
    #[must_use]
    pub fn moved(mut self, columns: usize) -> Self {
        self.column = self.column.saturating_add(columns);
        self
    }

    /// The same fault in a text whose first `columns` characters do not come from the
    /// administrator.
    #[must_use]
    pub fn without(mut self, columns: usize) -> Self {
        self.column = self.column.saturating_sub(columns).max(1);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, word, column, nearest } = self;
        match kind {
            FaultKind::Unknown => write!(out, "unknown variable '{word}' at column {column}")?,
            FaultKind::Unclosed => write!(out, "'%{{' at column {column} has no '}}'")?,
            FaultKind::NotHere(instead) => {
                write!(out, "variable '{word}' at column {column} has no meaning here: {instead}")?;
            }
            FaultKind::Time(error) => write!(out, "variable '{word}' at column {column}: {error}")?,
        }
        match kind {
            FaultKind::Unknown if nearest.is_empty() => out.write_str(" (a percent sign is written %%)"),
            _ => suggest(out, nearest),
        }
    }
}

impl std::error::Error for Fault {}

/// The variable is marked in the line.
impl From<Fault> for ParseError {
    fn from(fault: Fault) -> Self {
        Self::new(fault.to_string()).at(&fault.word)
    }
}

/// No loaded module contributes a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotContributed {
    /// The variable as written, including the percent sign.
    pub word: String,
    /// Variables with similar names, as they are written.
    pub nearest: Vec<String>,
}

impl fmt::Display for NotContributed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "no loaded module has the variable '{}'", self.word)?;
        suggest(out, &self.nearest)
    }
}

impl std::error::Error for NotContributed {}

fn suggest(out: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    match names {
        [] => Ok(()),
        names => write!(out, "; did you mean {}?", names.join(" or ")),
    }
}
