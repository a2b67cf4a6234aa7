//! What there is to a shared object, whether this process can load any or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::Image;
use gantry_config::LoadFailure;

/// A way to shared objects.
pub trait SharedObjects: Sized {
    /// One that is mapped.
    type Object: SharedObject;
    /// Somebody whose signature counts.
    type Signer: Clone;

    /// The way of this process.
    fn new() -> Self;

    /// The file of a module, in the first of the folders that has one.
    fn find(&self, module: &str, folders: &[PathBuf]) -> Result<PathBuf, LoadFailure>;

    /// Loads a module from a file, which one of the signers must have signed where
    /// there are any; what is mapped already is used again.
    fn load(
        &self,
        file: &Path,
        module: &str,
        signers: Option<&[Self::Signer]>,
    ) -> Result<Arc<Self::Object>, LoadFailure>;

    /// Loads a library that modules need (LoadFile). A notice when there is something
    /// to say.
    fn load_library(&self, path: &Path) -> Result<Option<String>, LoadFailure>;

    /// Those whom a word of ModuleSigners names.
    fn signers(&self, word: &str) -> Result<Vec<Self::Signer>, LoadFailure>;

    /// Whether a file of this digest is mapped.
    fn is_mapped(&self, sha256: &[u8; 32]) -> bool;

    /// Whether there is a file of a module that fits this build.
    fn offers(&self, module: &str, folders: &[PathBuf]) -> bool;

    /// The modules and directives in all files of the folders.
    fn directives(&self, folders: &[PathBuf]) -> Vec<(String, String)>;
}

/// A shared object that is mapped.
pub trait SharedObject {
    /// What it holds.
    fn image(&self) -> &Image;

    /// The digest of its file.
    fn sha256(&self) -> [u8; 32];

    /// The file that it was last read from.
    fn path(&self) -> PathBuf;

    /// The id of its stamp.
    fn stamp(&self) -> String;

    /// Who signed it, where that was asked for.
    fn signer(&self) -> Option<String>;
}
