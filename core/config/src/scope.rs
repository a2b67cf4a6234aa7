//! Scopes: what holds in one place of the configuration, with all that it
//! inherits. figment merges; what it merges are the numbers of directives, so
//! that a merged setting still knows its place, and a setting that is itself
//! a map is never mixed with another.

use std::sync::Arc;

use figment::value::{Dict, Map, Value as Merged};
use figment::{Figment, Metadata, Profile, Provider};
use gantry_api::{Inherits, Value, ValueError};

use crate::error::{Fault, Problem};
use crate::limit::Limit;
use crate::limits::Limits;
use crate::position::Position;
use crate::tree::{Content, Node};

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

/// All settings of a tree, numbered.
#[derive(Default)]
pub(crate) struct Arena<'t> {
    nodes: Vec<&'t Node>,
}

/// What inner scopes get from outer ones.
#[derive(Clone)]
pub(crate) struct Heritage {
    merged: Figment,
    limits: Limits,
}

impl Heritage {
    pub(crate) fn new() -> Self {
        Self { merged: Figment::new(), limits: Limits::default() }
    }

    /// One scope further in.
    pub(crate) fn with(&self, layer: &Layer) -> Self {
        let merged = self.merged.clone().admerge(Inherited(&layer.inherited));
        let mut limits = self.limits.clone();
        limits.extend(Arc::clone(&layer.limits));
        Self { merged, limits }
    }

    /// The same with what overrides it: lists are replaced, not continued.
    pub(crate) fn overridden(&self, layer: &Layer) -> Self {
        Self { merged: self.merged.clone().merge(Inherited(&layer.inherited)), limits: self.limits.clone() }
    }

    /// What holds in the scope of `layer`, which this heritage includes.
    pub(crate) fn scope(&self, layer: &Layer, arena: &Arena<'_>, position: &Position) -> Scope {
        let merged = self.merged.clone().merge(Inherited(&layer.own)).data();
        // Providers of ours do not fail, so neither does what is merged of them.
        let mut merged = merged.unwrap_or_default().remove(&Profile::Default).unwrap_or_default();
        merged.retain(|_, numbers| arena.last(numbers).is_some());
        let places = merged.values().filter_map(|numbers| arena.last(numbers)).map(|node| node.position.clone());
        let places = places.collect();
        let settings = merged.into_iter().map(|(name, numbers)| (name, arena.value(&numbers)));
        Scope {
            settings: Value::Map(settings.collect()),
            limits: self.limits.clone(),
            position: position.clone(),
            places,
        }
    }
}

/// The directives that stand in one scope itself.
#[derive(Default)]
pub(crate) struct Layer {
    /// Those that inner scopes inherit: a number, or a list of them for those
    /// that append.
    inherited: Dict,
    /// Those that they do not.
    own: Dict,
    pub(crate) limits: Arc<[Limit]>,
}

impl Layer {
    /// Adds a setting; anything else is no setting of this scope.
    pub(crate) fn add<'t>(&mut self, node: &'t Node, arena: &mut Arena<'t>) {
        let Content::Setting { inherits, .. } = &node.content else { return };
        let number = arena.add(node);
        match inherits {
            Inherits::Replace => drop(self.inherited.insert(node.name.clone(), number)),
            Inherits::No => drop(self.own.insert(node.name.clone(), number)),
            Inherits::Append => match self.inherited.get_mut(&node.name) {
                Some(Merged::Array(_, numbers)) => numbers.push(number),
                _ => drop(self.inherited.insert(node.name.clone(), vec![number].into())),
            },
        }
    }
}

impl Layer {
    /// Overrides what inner scopes do not inherit.
    pub(crate) fn override_own(&mut self, stronger: Self) {
        self.own.extend(stronger.own);
    }
}

impl<'t> Arena<'t> {
    fn add(&mut self, node: &'t Node) -> Merged {
        self.nodes.push(node);
        Merged::from(self.nodes.len() - 1)
    }

    fn node(&self, number: &Merged) -> Option<&'t Node> {
        let number = usize::try_from(number.to_u128()?).ok()?;
        self.nodes.get(number).copied()
    }

    fn last(&self, numbers: &Merged) -> Option<&'t Node> {
        match numbers {
            Merged::Array(_, numbers) => numbers.last().and_then(|number| self.node(number)),
            number => self.node(number),
        }
    }

    fn value(&self, numbers: &Merged) -> Value {
        let one = |number: &Merged| match &self.node(number).map(|node| &node.content) {
            Some(Content::Setting { value, .. }) => value.clone(),
            _ => Value::None,
        };
        match numbers {
            Merged::Array(_, numbers) => Value::List(numbers.iter().map(one).collect()),
            number => one(number),
        }
    }
}

/// A layer's numbers, for figment.
struct Inherited<'l>(&'l Dict);

impl Provider for Inherited<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("scope")
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}
