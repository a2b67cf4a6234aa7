//! A scope in use: one of the configuration, or one made while the generation serves.

use std::sync::Arc;

use gantry_api::Lent;

use crate::generation::images::ModuleRefs;
use crate::generation::scope::{Scope, ScopeId};

/// A scope in use.
#[derive(Clone)]
pub enum ScopeHandle {
    /// A scope of the configuration.
    Configured(ScopeId),
    /// A scope that was made later.
    Made(Arc<LateScope>),
}

impl From<ScopeId> for ScopeHandle {
    fn from(scope: ScopeId) -> Self {
        Self::Configured(scope)
    }
}

/// A scope that was made while its generation serves.
pub struct LateScope {
    scope: Lent<Scope, ModuleRefs>,
}

impl LateScope {
    /// A scope, and the modules whose settings it holds.
    pub(super) fn new(scope: Scope, modules: ModuleRefs) -> Self {
        Self { scope: Lent::new(scope, modules) }
    }

    /// The scope.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}
