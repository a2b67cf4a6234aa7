//! A module to install, from a shared object or a package.

use std::fs;
use std::path::{Path, PathBuf};

use gantry_loader::signature_path;

use super::error::KitError;

/// A module to install.
#[derive(Debug)]
pub struct Candidate {
    /// The file it came from.
    pub origin: PathBuf,
    /// The shared object.
    pub bytes: Vec<u8>,
    /// Its signature.
    pub signature: Option<Vec<u8>>,
}

impl Candidate {
    /// Reads a shared object, and the signature next to it if there is one.
    pub fn read(file: &Path) -> Result<Self, KitError> {
        let bytes = fs::read(file).map_err(KitError::file("read", file))?;
        let signature = signature_path(file);
        let signature = match signature.is_file() {
            true => Some(fs::read(&signature).map_err(KitError::file("read", &signature))?),
            false => None,
        };
        Ok(Self { origin: file.to_owned(), bytes, signature })
    }
}
