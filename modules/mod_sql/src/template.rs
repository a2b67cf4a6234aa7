//! Query templates: the text of the configuration is compiled once into pieces
//! of SQL and parameters; what a client, a name server or another row says is
//! bound and never becomes text. What the variables mean is in `variables`.

mod compiler;
#[cfg(test)]
mod tests;

use gantry_api::service::{SqlStatement, SqlValue};
use gantry_api::variable::Variable;

use crate::variables::{Name, Place, Source, Unavailable, VariableError};

/// A compiled query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<String>,
    parameters: Vec<Parameter>,
}

/// What is bound at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Parameter {
    /// `%b`: a number stays one, nothing is NULL.
    Bare(Name),
    /// `'x-%u'`: always text, nothing is `-`.
    Quoted(Vec<Part>),
}

/// A part of a quoted text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(Name),
}

/// Why a template is refused. All of these are the configuration's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The variable itself is wrong.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A value cannot be bound there.
    #[error("variable %{0} stands inside a quoted name: only values can vary")]
    InName(String),
    /// The same, without quotes.
    #[error("variable %{0} is part of a name or number: put it in quotes, or apart from it")]
    PartOfWord(String),
    /// E'..', X'..' and the like have rules of their own.
    #[error("variable %{0} stands inside a literal with the prefix '{1}'")]
    Prefixed(String, String),
    /// A literal, a name or a comment does not end.
    #[error("{0} is not closed")]
    Unclosed(&'static str),
    /// It would take a parameter's place.
    #[error("'?' stands outside of quotes: parameters are written as variables")]
    Placeholder,
}

impl Template {
    /// Compiles a query as the configuration writes it.
    pub fn compile(query: &str) -> Result<Self, TemplateError> {
        compiler::compile(query)
    }

    /// Sees that each variable has a value at a place.
    pub fn check(&self, place: Place) -> Result<(), Unavailable> {
        self.names().try_for_each(|name| name.check(place))
    }

    /// The statement for one occasion.
    pub fn fill(&self, source: &dyn Source) -> Result<SqlStatement, Unavailable> {
        let parameters = self.parameters.iter().map(|parameter| parameter.fill(source)).collect::<Result<_, _>>()?;
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

    fn names(&self) -> impl Iterator<Item = &Name> {
        self.parameters.iter().flat_map(|parameter| match parameter {
            Parameter::Bare(name) => vec![name],
            Parameter::Quoted(parts) => parts.iter().filter_map(Part::name).collect(),
        })
    }
}

impl Parameter {
    fn fill(&self, source: &dyn Source) -> Result<SqlValue, Unavailable> {
        match self {
            Self::Bare(name) => Ok(match name.value(source)? {
                Variable::None => SqlValue::Null,
                Variable::Number(number) => SqlValue::Int(number),
                Variable::Text(text) => SqlValue::Text(text),
            }),
            Self::Quoted(parts) => {
                let mut whole = String::new();
                for part in parts {
                    match part {
                        Part::Text(text) => whole.push_str(text),
                        Part::Variable(name) => whole.push_str(&name.value(source)?.into_text()),
                    }
                }
                Ok(SqlValue::Text(whole))
            }
        }
    }
}

impl Part {
    fn name(&self) -> Option<&Name> {
        match self {
            Self::Text(_) => None,
            Self::Variable(name) => Some(name),
        }
    }
}
