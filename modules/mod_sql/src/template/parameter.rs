//! What is bound in place of a variable, or of a quoted text with variables.

use gantry_api::service::SqlValue;
use gantry_api::variable::{Variable, Written};
use gantry_format::{Context, NotContributed, Reference, Template};

/// What is bound at one place.
#[derive(Debug, Clone)]
pub enum Parameter {
    /// `%b`: a number stays one, nothing is NULL.
    Bare(Reference),
    /// `'x-%u'`: always text, nothing is `-`.
    Quoted(Template),
}

impl Parameter {
    /// Its variables.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let (bare, quoted) = match self {
            Self::Bare(reference) => (Some(reference), None),
            Self::Quoted(text) => (None, Some(text)),
        };
        bare.into_iter().chain(quoted.into_iter().flat_map(Template::references))
    }

    /// Finds the variables that modules contribute.
    pub fn resolve(&mut self, variables: &[Variable]) -> Result<(), NotContributed> {
        match self {
            Self::Bare(reference) => reference.resolve(variables),
            Self::Quoted(text) => text.resolve(variables),
        }
    }

    /// The value on one occasion.
    pub fn fill(&self, context: &dyn Context) -> SqlValue {
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
            Written::Text if matches!(self, Self::Bare(Reference::Argument(_))) => argument(text),
            Written::Int(number) => SqlValue::Int(number),
            Written::Text => SqlValue::Text(utf8(text)),
        }
    }
}

/// An argument without quotes, which modules have as text: a number is one. What only looks like one, such as `007`, stays
/// text.
fn argument(text: Vec<u8>) -> SqlValue {
    let text = utf8(text);
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => SqlValue::Int(number),
        _ => SqlValue::Text(text),
    }
}

/// Text for a database: what is not UTF-8 becomes U+FFFD.
fn utf8(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
