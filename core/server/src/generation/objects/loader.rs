//! Shared objects through the loader.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::{Image, stamp};
use gantry_config::LoadFailure;
use gantry_loader::{Library, LoadError, Trial};

use crate::generation::objects::shared_object::{SharedObject, SharedObjects};
use crate::log::LOGGER;

/// The loader of this process.
pub struct Loader(gantry_loader::Loader);

impl SharedObjects for Loader {
    type Object = gantry_loader::LoadedImage;
    type Signer = gantry_loader::Signer;

    fn new() -> Self {
        Self(gantry_loader::Loader::new().trying(Trial::of_this_executable(&LOGGER)))
    }

    fn find(&self, module: &str, folders: &[PathBuf]) -> Result<PathBuf, LoadFailure> {
        gantry_loader::find(module, folders).map_err(failure)
    }

    fn load(
        &self,
        file: &Path,
        module: &str,
        signers: Option<&[Self::Signer]>,
    ) -> Result<Arc<Self::Object>, LoadFailure> {
        self.0.load(file, module, signers, &LOGGER).map_err(failure)
    }

    fn load_library(&self, path: &Path) -> Result<Option<String>, LoadFailure> {
        match self.0.load_library(path).map_err(failure)? {
            // Every SIGHUP gets here.
            Library::Loaded | Library::Already => Ok(None),
            Library::Outdated => Ok(Some(format!(
                "LoadFile: '{}' has been replaced since it was loaded; the old one stays in use until gantryd is restarted",
                path.display()
            ))),
        }
    }

    fn signers(&self, word: &str) -> Result<Vec<Self::Signer>, LoadFailure> {
        self.0.signers(word).map_err(failure)
    }

    fn is_mapped(&self, sha256: &[u8; 32]) -> bool {
        self.0.is_mapped(sha256)
    }

    fn offers(&self, module: &str, folders: &[PathBuf]) -> bool {
        let inspected = gantry_loader::find(module, folders).and_then(|file| gantry_loader::inspect(&file));
        inspected.is_ok_and(|found| found.stamp.id() == stamp::build_id())
    }

    fn directives(&self, folders: &[PathBuf]) -> Vec<(String, String)> {
        let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let objects = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "so"));
        objects.filter_map(|path| gantry_loader::inspect(&path).ok()).flat_map(|found| found.directives).collect()
    }
}

impl SharedObject for gantry_loader::LoadedImage {
    fn image(&self) -> &Image {
        self.image()
    }

    fn sha256(&self) -> [u8; 32] {
        *self.sha256()
    }

    fn path(&self) -> PathBuf {
        self.path()
    }

    fn stamp(&self) -> String {
        self.stamp().id()
    }

    fn signer(&self) -> Option<String> {
        self.signer().map(|signer| signer.to_string())
    }
}

fn failure(error: LoadError) -> LoadFailure {
    // A file with any other error is damaged, or from another build.
    let is_foreign = matches!(error, LoadError::NotFound { .. } | LoadError::NoStamp { .. });
    LoadFailure { reason: error.to_string(), is_foreign }
}
