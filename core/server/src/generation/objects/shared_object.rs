//! The interface to shared objects, whether this process can load any or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::Image;
use gantry_config::LoadFailure;

/// An implementation of shared objects.
pub trait SharedObjects: Sized {
    /// A mapped one.
    type Object: SharedObject;
    /// A trusted signer.
    type Signer: Clone;

    /// The instance of this process.
    fn new() -> Self;

    /// The file of a module, in the first folder that has one.
    fn find(&self, module: &str, folders: &[PathBuf]) -> Result<PathBuf, LoadFailure>;

    /// Loads a module from a file. If there are signers, one of them must have signed it. An image
    /// that is already mapped is used again.
    fn load(
        &self,
        file: &Path,
        module: &str,
        signers: Option<&[Self::Signer]>,
    ) -> Result<Arc<Self::Object>, LoadFailure>;

    /// Loads a library for modules (LoadFile). Returns a notice if there is something to report.
    fn load_library(&self, path: &Path) -> Result<Option<String>, LoadFailure>;

    /// The signers that a word of ModuleSigners names.
    fn signers(&self, word: &str) -> Result<Vec<Self::Signer>, LoadFailure>;

    /// Whether a file with this digest is mapped.
    fn is_mapped(&self, sha256: &[u8; 32]) -> bool;

    /// Whether there is a file with this module that matches this build.
    fn offers(&self, module: &str, folders: &[PathBuf]) -> bool;

    /// The modules and directives in all files of the folders.
    fn directives(&self, folders: &[PathBuf]) -> Vec<(String, String)>;
}

/// A mapped shared object.
pub trait SharedObject {
    /// Its image.
    fn image(&self) -> &Image;

    /// The digest of its file.
    fn sha256(&self) -> [u8; 32];

    /// The file that it was last read from.
    fn path(&self) -> PathBuf;

    /// The id of its stamp.
    fn stamp(&self) -> String;

    /// Who signed it, if a signature was required.
    fn signer(&self) -> Option<String>;
}
