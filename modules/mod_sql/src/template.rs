//! Query templates: the text of the configuration is compiled once into pieces
//! of SQL and parameters; what a client, a name server or another row says is
//! bound and never becomes text. What the variables mean is in `variables`.

mod compiler;
mod error;
mod parameter;
#[cfg(test)]
mod tests;

use gantry_api::service::{SqlStatement, SqlValue};
use gantry_api::variable::Variable;
use gantry_format::{Context, NotContributed, Reference};

pub use self::error::TemplateError;
use self::parameter::Parameter;
use crate::variables::{self, Place, Unavailable};

/// A compiled query.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<String>,
    parameters: Vec<Parameter>,
}

impl Template {
    /// Compiles a query as the configuration writes it.
    pub fn compile(query: &str) -> Result<Self, TemplateError> {
        let (pieces, parameters) = compiler::compile(query, &variables::dialect())?;
        Ok(Self { pieces, parameters })
    }

    /// Finds the variables that modules contribute.
    pub fn resolve(&mut self, variables: &[Variable]) -> Result<(), NotContributed> {
        self.parameters.iter_mut().try_for_each(|parameter| parameter.resolve(variables))
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

    /// The statement without values, for the database to compile.
    pub fn outline(&self) -> SqlStatement {
        SqlStatement { pieces: self.pieces.clone(), parameters: vec![SqlValue::Null; self.parameters.len()] }
    }

    /// Its variables.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parameters.iter().flat_map(Parameter::references)
    }
}
