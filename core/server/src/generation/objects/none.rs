//! No shared objects: for a gantryd without a loader.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::Image;
use gantry_config::LoadFailure;

use crate::generation::objects::shared_object::{SharedObject, SharedObjects};

/// Never loads anything.
pub struct NoLoader;

/// A type without values, for objects that never exist.
#[derive(Debug, Clone, Copy)]
pub enum Never {}

impl SharedObjects for NoLoader {
    type Object = Never;
    type Signer = Never;

    fn new() -> Self {
        Self
    }

    fn find(&self, _: &str, _: &[PathBuf]) -> Result<PathBuf, LoadFailure> {
        Err(no_loader("it cannot load modules: link the module in (static-...), or build with dso"))
    }

    fn load(&self, _: &Path, _: &str, _: Option<&[Never]>) -> Result<Arc<Never>, LoadFailure> {
        Err(no_loader("it cannot load modules: link the module in (static-...), or build with dso"))
    }

    fn load_library(&self, _: &Path) -> Result<Option<String>, LoadFailure> {
        Err(no_loader("it cannot load libraries"))
    }

    /// Nothing is ever loaded, so signatures do not matter.
    fn signers(&self, _: &str) -> Result<Vec<Never>, LoadFailure> {
        Ok(Vec::new())
    }

    fn is_mapped(&self, _: &[u8; 32]) -> bool {
        false
    }

    fn offers(&self, _: &str, _: &[PathBuf]) -> bool {
        false
    }

    fn directives(&self, _: &[PathBuf]) -> Vec<(String, String)> {
        Vec::new()
    }
}

impl SharedObject for Never {
    fn image(&self) -> &Image {
        match *self {}
    }

    fn sha256(&self) -> [u8; 32] {
        match *self {}
    }

    fn path(&self) -> PathBuf {
        match *self {}
    }

    fn stamp(&self) -> String {
        match *self {}
    }

    fn signer(&self) -> Option<String> {
        match *self {}
    }
}

fn no_loader(so: &str) -> LoadFailure {
    let reason = format!("this gantryd was built without the feature dso, so {so}");
    LoadFailure { reason, is_foreign: false }
}
