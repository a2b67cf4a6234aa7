//! Scopes: the settings of one place in the configuration, including those it inherits.
//! figment does the merging. It merges numbers of directives, not their values, so that a
//! merged setting still knows its place, and a setting that is itself a map is never mixed
//! with another.

use std::sync::Arc;

use figment::value::{Dict, Map, Value as Merged};
use figment::{Figment, Metadata, Profile, Provider};
use gantry_api::{Inherits, Value, ValueError};

use crate::error::{Fault, Problem};
use crate::limit::Limit;
use crate::limits::Limits;
use crate::position::Position;
use crate::tree::{Content, Node};

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

/// All settings of a tree, numbered.
#[derive(Default)]
pub(crate) struct Arena<'t> {
    nodes: Vec<&'t Node>,
}

/// The settings that inner scopes inherit.
#[derive(Clone)]
pub(crate) struct Heritage {
    merged: Figment,
    limits: Limits,
}

impl Heritage {
    pub(crate) fn new() -> Self {
        Self { merged: Figment::new(), limits: Limits::default() }
    }

    /// Adds a layer for an inner scope.
    pub(crate) fn with(&self, layer: &Layer) -> Self {
        let merged = self.merged.clone().admerge(Inherited(&layer.inherited));
        let mut limits = self.limits.clone();
        limits.extend(Arc::clone(&layer.limits));
        Self { merged, limits }
    }

    /// Adds a layer of overrides: lists are replaced, not extended.
    pub(crate) fn overridden(&self, layer: &Layer) -> Self {
        Self { merged: self.merged.clone().merge(Inherited(&layer.inherited)), limits: self.limits.clone() }
    }

    /// The settings of the scope of `layer`, which this heritage includes.
    pub(crate) fn scope(&self, layer: &Layer, arena: &Arena<'_>, position: &Position) -> Scope {
        let merged = self.merged.clone().merge(Inherited(&layer.own)).data();
        // Our providers never fail, so neither does merging them.
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

/// The directives written directly in one scope.
#[derive(Default)]
pub(crate) struct Layer {
    /// Those that inner scopes inherit: a number each, or a list of numbers if they
    /// append.
    inherited: Dict,
    /// Those that inner scopes do not inherit.
    own: Dict,
    pub(crate) limits: Arc<[Limit]>,
}

impl Layer {
    /// Adds a setting; ignores other nodes.
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
    /// Overrides settings that inner scopes do not inherit.
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
