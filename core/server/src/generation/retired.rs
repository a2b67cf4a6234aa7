//! A generation that is no longer in use.

use std::sync::Arc;

use gantry_api::{Lent, World};

use crate::generation::ftpaccess::AccessFiles;
use crate::generation::images::ImageRef;
use crate::generation::running::Running;
use crate::generation::scopes::Scopes;

/// The rest of an unused generation: it must be stopped, then dropped. An instance may hold
/// services of any other module, so every image outlives all instances.
pub struct RetiredGeneration {
    /// The generation's number.
    pub number: u64,
    remains: Lent<Remains, Arc<[ImageRef]>>,
}

/// Everything made by the modules' images, or from such objects.
#[derive(Default)]
pub struct Remains {
    /// The modules, in their order.
    pub modules: Vec<Running>,
    /// The scopes.
    pub scopes: Scopes,
    /// The reader of `.ftpaccess` files.
    pub files: Option<AccessFiles>,
    /// Their services.
    pub world: World,
}

impl RetiredGeneration {
    /// The rest of a generation; `images` are those of all its modules, including those that never
    /// ran.
    pub fn new(number: u64, remains: Remains, images: Arc<[ImageRef]>) -> Self {
        Self { number, remains: Lent::new(remains, images) }
    }

    /// The modules that ran, in order.
    pub fn modules(&self) -> &[Running] {
        &self.remains.modules
    }

    /// Drops everything but the images.
    pub fn clear(self) -> Arc<[ImageRef]> {
        Lent::give_back(self.remains)
    }
}

/// Modules are dropped in reverse order; settings and services follow.
impl Drop for Remains {
    fn drop(&mut self) {
        while let Some(module) = self.modules.pop() {
            drop(module);
        }
    }
}
