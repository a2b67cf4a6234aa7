//! All scopes of a generation, by the layers that make them: those of the
//! configuration, and those that are made while it serves, for `.ftpaccess` files
//! and for sections whose place or whose effect depends on who logs in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::{Defaults, Lent, ServerId};
use gantry_config::{Faults, Layers, LayersKey};

use crate::generation::held::{Held, Made};
use crate::generation::images::ModuleRefs;
use crate::generation::scope::{Scope, ScopeId};

/// How many scopes that were made are remembered.
pub const MOST: usize = 512;

/// The scopes of one generation.
pub struct Scopes {
    scopes: Lent<All, ModuleRefs>,
    known: HashMap<LayersKey, ScopeId>,
    defaults: Arc<Defaults>,
}

#[derive(Default)]
struct All {
    configured: Vec<Scope>,
    made: Mutex<HashMap<LayersKey, Remembered>>,
}

/// What some layers have made. It holds them, since their key is where they are.
struct Remembered {
    made: Result<Arc<Made>, Arc<Faults>>,
    _layers: Layers,
}

impl Scopes {
    /// The scopes of a configuration, each with the layers that made it, which live
    /// as long as the generation; and what others are made with.
    pub fn new(configured: Lent<Vec<Scope>, ModuleRefs>, layers: &[Layers], defaults: Arc<Defaults>) -> Self {
        let known = layers.iter().enumerate().map(|(at, layers)| (layers.key(), ScopeId(at))).collect();
        let scopes = Lent::map(configured, |configured| All { configured, made: Mutex::default() });
        Self { scopes, known, defaults }
    }

    /// A scope of the configuration.
    pub fn configured(&self, id: ScopeId) -> &Scope {
        &self.scopes.configured[id.0]
    }

    /// What holds somewhere.
    pub fn held<'a>(&'a self, held: &'a Held) -> &'a Scope {
        match held {
            Held::Configured(id) => self.configured(*id),
            Held::Made(made) => made.scope(),
        }
    }

    /// What some layers make in a server; it is made once and remembered.
    ///
    /// # Errors
    /// What is wrong with their settings together.
    pub fn of(&self, server: ServerId, layers: &Layers) -> Result<Held, Arc<Faults>> {
        let key = layers.key();
        if let Some(id) = self.known.get(&key) {
            return Ok((*id).into());
        }
        if let Some(known) = self.made().get(&key) {
            return known.made.clone().map(Held::Made);
        }
        let made = self.make(server, layers).map(Arc::new).map_err(Arc::new);
        let mut remembered = self.made();
        if remembered.len() >= MOST {
            remembered.clear();
        }
        remembered.insert(key, Remembered { made: made.clone(), _layers: layers.clone() });
        made.map(Held::Made)
    }

    /// The same without a look at what is remembered, for layers that nobody will
    /// have again.
    ///
    /// # Errors
    /// What is wrong with their settings together.
    pub fn anew(&self, server: ServerId, layers: &Layers) -> Result<Held, Arc<Faults>> {
        self.make(server, layers).map(|made| Held::Made(Arc::new(made))).map_err(Arc::new)
    }

    fn make(&self, server: ServerId, layers: &Layers) -> Result<Made, Faults> {
        let modules = Lent::image(&self.scopes);
        let descriptors = modules.iter().map(|(image, at)| &image.image().modules[*at]);
        let scope = Scope::new(server, &layers.scope(), &self.defaults, descriptors)?;
        Ok(Made::new(scope, modules.clone()))
    }

    fn made(&self) -> MutexGuard<'_, HashMap<LayersKey, Remembered>> {
        self.scopes.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many made scopes are remembered.
    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.made().len()
    }
}

/// None at all.
impl Default for Scopes {
    fn default() -> Self {
        Self::new(Lent::new(Vec::new(), Arc::default()), &[], Arc::default())
    }
}
