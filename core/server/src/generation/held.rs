//! What holds somewhere: a scope of the configuration, or one that `.ftpaccess`
//! files made.

use std::sync::Arc;

use gantry_api::Lent;
use gantry_config::Scope as Written;

use crate::generation::images::ModuleRefs;
use crate::generation::scope::{Scope, ScopeId};

/// What holds somewhere: a scope of the configuration, or what `.ftpaccess`
/// files made of one.
#[derive(Clone)]
pub enum Held {
    /// As configured.
    Configured(ScopeId),
    /// With files.
    Made(Arc<Made>),
}

impl From<ScopeId> for Held {
    fn from(scope: ScopeId) -> Self {
        Self::Configured(scope)
    }
}

/// A scope that was made of a file, or of a section further in than a file.
pub struct Made {
    scope: Lent<Scope, ModuleRefs>,
    pub(super) written: Written,
    /// By which scopes further in know it, if it is remembered.
    pub(super) number: Option<u64>,
}

impl Made {
    /// A scope, what it was made of, and its number if it is remembered.
    pub(super) fn new(scope: Lent<Scope, ModuleRefs>, written: Written, number: Option<u64>) -> Self {
        Self { scope, written, number }
    }

    /// What holds.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}
