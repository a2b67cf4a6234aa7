//! Scopes: the settings and limits of one place in the configuration, with all that it inherits.
//! [`crate::Layers`] makes them.

use gantry_api::{Value, ValueError};

use crate::error::{Fault, Problem};
use crate::limits::Limits;
use crate::position::Position;

/// The settings and limits of one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// A map from a directive's declared name to its merged value, sorted by name. For a
    /// directive that appends, the value is a list, outermost first.
    pub settings: Value,
    /// The limits that apply here, outermost first.
    pub limits: Limits,
    /// The place where it starts.
    pub position: Position,
    /// For each setting, the place of the last directive that set it.
    pub(crate) places: Vec<Position>,
}

impl Scope {
    /// The place of the line that set a directive.
    pub fn locate(&self, directive: &str) -> Option<&Position> {
        let Value::Map(settings) = &self.settings else { return None };
        let at = settings.binary_search_by(|(name, _)| name.as_str().cmp(directive)).ok()?;
        self.places.get(at)
    }
}

/// The fault for settings that a module cannot read: at the directive that the error
/// names, or at the start of the scope if that directive is missing.
pub fn settings_error(scope: &Scope, error: &ValueError) -> Fault {
    let place = error.key.as_ref().and_then(|key| scope.locate(key));
    let problem = match &error.key {
        Some(key) => Problem::Value { name: key.clone(), reason: error.message.clone() },
        None => Problem::Settings(error.message.clone()),
    };
    Fault::at(problem, place.unwrap_or(&scope.position))
}
