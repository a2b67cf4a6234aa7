//! A generation that nobody needs any more.

use gantry_api::World;

use crate::generation::ftpaccess::Overrides;
use crate::generation::images::ImageRef;
use crate::generation::running::Running;
use crate::generation::scope::Scope;

/// What is left of a generation that nobody needs: to be stopped, then dropped
/// in the order in which code needs code. An instance may hold services of any
/// other module, so every image outlives all of them.
pub struct Retired {
    /// Which it was.
    pub number: u64,
    /// Its modules.
    pub modules: Vec<Running>,
    /// Their settings and services.
    pub rest: (Vec<Scope>, Option<Overrides>, World),
    /// The images, also of modules that did not get to run.
    pub images: Vec<ImageRef>,
}

impl Retired {
    /// Drops the instances, the last first, then settings and services.
    pub fn clear(&mut self) {
        while let Some(Running { instance, image, .. }) = self.modules.pop() {
            drop(instance);
            self.images.push(image);
        }
        self.rest = Default::default();
    }
}

impl Drop for Retired {
    fn drop(&mut self) {
        self.clear();
        self.images.clear();
    }
}
