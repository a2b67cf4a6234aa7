//! Scopes: what holds in one place of the configuration, with all that it
//! inherits. [`crate::Layers`] make them.

use gantry_api::{Value, ValueError};

use crate::error::{Fault, Problem};
use crate::limits::Limits;
use crate::position::Position;

/// What holds in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// A map from a directive's name, as declared, to its merged value, sorted
    /// by name. Of one that appends it is a list, outermost first.
    pub settings: Value,
    /// The limits that reach here, outermost first.
    pub limits: Limits,
    /// Where it begins.
    pub position: Position,
    /// Beside each setting: where the last directive stands that gave it.
    pub(crate) places: Vec<Position>,
}

impl Scope {
    /// Where the value that holds for a directive stands.
    pub fn locate(&self, directive: &str) -> Option<&Position> {
        let Value::Map(settings) = &self.settings else { return None };
        let at = settings.binary_search_by(|(name, _)| name.as_str().cmp(directive)).ok()?;
        self.places.get(at)
    }
}

/// The fault that stands behind settings which do not fit their module: at the
/// directive that the error names, or at the head of the scope where that is
/// missing.
pub fn settings_error(scope: &Scope, error: &ValueError) -> Fault {
    let place = error.key.as_ref().and_then(|key| scope.locate(key));
    let problem = match &error.key {
        Some(key) => Problem::Value { name: key.clone(), reason: error.message.clone() },
        None => Problem::Settings(error.message.clone()),
    };
    Fault::at(problem, place.unwrap_or(&scope.position))
}
