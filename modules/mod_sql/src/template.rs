//! Query templates: the text of the configuration is compiled once into pieces
//! of SQL and parameters; what a client, a name server or another row says is
//! bound and never becomes text. What the variables mean is in `variables`.

mod compiler;
#[cfg(test)]
mod tests;

use gantry_api::service::{SqlStatement, SqlValue};
use gantry_api::variable::{Variable, Written};
use gantry_format::{Context, Fault, NotContributed, Reference};

use crate::variables::{self, Place, Unavailable};

/// A compiled query.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<String>,
    parameters: Vec<Parameter>,
}

/// What is bound at one place.
#[derive(Debug, Clone)]
enum Parameter {
    /// `%b`: a number stays one, nothing is NULL.
    Bare(Reference),
    /// `'x-%u'`: always text, nothing is `-`.
    Quoted(gantry_format::Template),
}

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

impl Template {
    /// Compiles a query as the configuration writes it.
    pub fn compile(query: &str) -> Result<Self, TemplateError> {
        compiler::compile(query, &variables::dialect())
    }

    /// Finds the variables that modules contribute.
    pub fn resolve(&mut self, variables: &[Variable]) -> Result<(), NotContributed> {
        self.parameters.iter_mut().try_for_each(|parameter| match parameter {
            Parameter::Bare(reference) => reference.resolve(variables),
            Parameter::Quoted(text) => text.resolve(variables),
        })
    }

    /// Sees that each variable has a value at a place.
    pub fn check(&self, place: Place) -> Result<(), Unavailable> {
        self.references().try_for_each(|reference| place.check(reference))
    }

    /// The statement for one occasion.
    pub fn fill(&self, context: &dyn Context) -> Result<SqlStatement, Unavailable> {
        self.references().try_for_each(|reference| variables::is_given(reference, context))?;
        let parameters = self.parameters.iter().map(|parameter| parameter.fill(context)).collect();
        Ok(SqlStatement { pieces: self.pieces.clone(), parameters })
    }

    /// A statement that has the database compile the query without running it:
    /// `EXPLAIN`, which SQLite, MySQL and PostgreSQL know; none for what they
    /// do not explain.
    pub fn explain(&self) -> Option<SqlStatement> {
        let mut pieces = self.pieces.clone();
        let first = pieces.first_mut()?;
        let word = first.split_whitespace().next()?.to_ascii_uppercase();
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"].contains(&word.as_str()) {
            return None;
        }
        first.insert_str(0, "EXPLAIN ");
        Some(SqlStatement { pieces, parameters: vec![SqlValue::Null; self.parameters.len()] })
    }

    fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parameters.iter().flat_map(|parameter| {
            let (bare, quoted) = match parameter {
                Parameter::Bare(reference) => (Some(reference), None),
                Parameter::Quoted(text) => (None, Some(text)),
            };
            bare.into_iter().chain(quoted.into_iter().flat_map(gantry_format::Template::references))
        })
    }
}

impl Parameter {
    fn fill(&self, context: &dyn Context) -> SqlValue {
        let mut text = Vec::new();
        let written = match self {
            Self::Bare(reference) => reference.write(context, &mut text),
            Self::Quoted(template) => {
                template.render(context, &mut text);
                Written::Text
            }
        };
        match written {
            Written::Nothing => SqlValue::Null,
            Written::Int(number) => SqlValue::Int(number),
            Written::Text => SqlValue::Text(utf8(text)),
        }
    }
}

/// Text for a database: what is not UTF-8 becomes U+FFFD.
pub fn utf8(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
