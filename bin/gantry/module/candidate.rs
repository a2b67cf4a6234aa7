//! A module that is to be installed, wherever it comes from.

use std::fs;
use std::path::{Path, PathBuf};

use gantry_loader::signature_path;

use super::error::KitError;

/// A module that is to be installed.
#[derive(Debug)]
pub struct Candidate {
    /// Where it came from.
    pub origin: PathBuf,
    /// The shared object.
    pub bytes: Vec<u8>,
    /// Its signature.
    pub signature: Option<Vec<u8>>,
}

impl Candidate {
    /// A shared object, with the signature beside it where there is one.
    pub fn read(file: &Path) -> Result<Self, KitError> {
        let bytes = fs::read(file).map_err(KitError::file("read this", file))?;
        let signature = signature_path(file);
        let signature = match signature.is_file() {
            true => Some(fs::read(&signature).map_err(KitError::file("read this", &signature))?),
            false => None,
        };
        Ok(Self { origin: file.to_owned(), bytes, signature })
    }
}
