//! All scopes of a generation, by their layers: those of the configuration, and those made while it
//! serves, for `.ftpaccess` files and for sections that depend on the user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::{Defaults, Lent, ServerId};
use gantry_config::{Faults, Layers, LayersKey};

use crate::generation::held::{LateScope, ScopeHandle};
use crate::generation::images::ModuleRefs;
use crate::generation::scope::{Scope, ScopeId};

/// The maximum number of cached scopes.
pub const MOST: usize = 512;

/// How many bytes of memory the `.ftpaccess` files of those may cost, about.
const MOST_COST: usize = 32 << 20;

/// The scopes of one generation.
pub struct Scopes {
    scopes: Lent<All, ModuleRefs>,
    known: HashMap<LayersKey, ScopeId>,
    defaults: Arc<Defaults>,
}

#[derive(Default)]
struct All {
    configured: Vec<Scope>,
    made: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    made: HashMap<LayersKey, CachedScope>,
    /// The total cost of their files, in bytes.
    cost: usize,
}

/// A scope made from some layers. It keeps the layers alive, since their addresses are the key.
struct CachedScope {
    made: Result<Arc<LateScope>, Arc<Faults>>,
    _layers: Layers,
}

impl Scopes {
    /// The scopes of a configuration, each with its layers, which live as long as the generation;
    /// and the defaults for making others.
    pub fn new(configured: Lent<Vec<Scope>, ModuleRefs>, layers: &[Layers], defaults: Arc<Defaults>) -> Self {
        let known = layers.iter().enumerate().map(|(at, layers)| (layers.key(), ScopeId(at))).collect();
        let scopes = Lent::map(configured, |configured| All { configured, made: Mutex::default() });
        Self { scopes, known, defaults }
    }

    /// A scope of the configuration.
    pub fn configured(&self, id: ScopeId) -> &Scope {
        &self.scopes.configured[id.0]
    }

    /// The scope that applies.
    pub fn held<'a>(&'a self, held: &'a ScopeHandle) -> &'a Scope {
        match held {
            ScopeHandle::Configured(id) => self.configured(*id),
            ScopeHandle::Made(made) => made.scope(),
        }
    }

    /// The scope of some layers in a server, made once and cached.
    ///
    /// # Errors
    /// The settings together are invalid.
    pub fn of(&self, server: ServerId, layers: &Layers) -> Result<ScopeHandle, Arc<Faults>> {
        let key = layers.key();
        if let Some(id) = self.known.get(&key) {
            return Ok((*id).into());
        }
        if let Some(known) = self.memory().made.get(&key) {
            return known.made.clone().map(ScopeHandle::Made);
        }
        let made = self.make(server, layers).map(Arc::new).map_err(Arc::new);
        // Those around the innermost file were made on the way there.
        let cost = layers.innermost().map_or(0, |layer| layer.cost());
        let mut memory = self.memory();
        if memory.made.len() >= MOST || memory.cost.saturating_add(cost) > MOST_COST {
            memory.made.clear();
            memory.cost = 0;
        }
        memory.cost = memory.cost.saturating_add(cost);
        memory.made.insert(key, CachedScope { made: made.clone(), _layers: layers.clone() });
        made.map(ScopeHandle::Made)
    }

    /// The same without the cache, for layers that nobody will use again.
    ///
    /// # Errors
    /// The settings together are invalid.
    pub fn anew(&self, server: ServerId, layers: &Layers) -> Result<ScopeHandle, Arc<Faults>> {
        self.make(server, layers).map(|made| ScopeHandle::Made(Arc::new(made))).map_err(Arc::new)
    }

    fn make(&self, server: ServerId, layers: &Layers) -> Result<LateScope, Faults> {
        let modules = Lent::image(&self.scopes);
        let descriptors = modules.iter().map(|(image, at)| &image.image().modules[*at]);
        let scope = Scope::new(server, &layers.scope(), &self.defaults, descriptors)?;
        Ok(LateScope::new(scope, modules.clone()))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.scopes.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of cached scopes.
    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.memory().made.len()
    }
}

/// No scopes.
impl Default for Scopes {
    fn default() -> Self {
        Self::new(Lent::new(Vec::new(), Arc::default()), &[], Arc::default())
    }
}
