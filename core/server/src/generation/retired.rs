//! A generation that nobody needs any more.

use std::sync::Arc;

use gantry_api::{Lent, World};

use crate::generation::ftpaccess::AccessFiles;
use crate::generation::images::ImageRef;
use crate::generation::running::Running;
use crate::generation::scopes::Scopes;

/// What is left of a generation that nobody needs: to be stopped, then dropped. An
/// instance may hold services of any other module, so every image outlives all of
/// them.
pub struct Retired {
    /// Which it was.
    pub number: u64,
    remains: Lent<Remains, Arc<[ImageRef]>>,
}

/// What was made by the modules' images, and made of that.
#[derive(Default)]
pub struct Remains {
    /// The modules, in their order.
    pub modules: Vec<Running>,
    /// What holds where.
    pub scopes: Scopes,
    /// What reads `.ftpaccess` files.
    pub files: Option<AccessFiles>,
    /// Their services.
    pub world: World,
}

impl Retired {
    /// What remains of a generation; `images` are those of all its modules, also of
    /// those that did not get to run.
    pub fn new(number: u64, remains: Remains, images: Arc<[ImageRef]>) -> Self {
        Self { number, remains: Lent::new(remains, images) }
    }

    /// The modules that ran, in their order.
    pub fn modules(&self) -> &[Running] {
        &self.remains.modules
    }

    /// Drops everything but the images.
    pub fn clear(self) -> Arc<[ImageRef]> {
        Lent::give_back(self.remains)
    }
}

/// The last module goes first, as it came last; settings and services follow.
impl Drop for Remains {
    fn drop(&mut self) {
        while let Some(module) = self.modules.pop() {
            drop(module);
        }
    }
}
