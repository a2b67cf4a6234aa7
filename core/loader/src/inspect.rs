//! What a module's file says of itself, read without loading it.

use std::path::Path;

use gantry_api::stamp::Stamp;

use crate::{LoadError, Sha256Sum, elf, file, sha256};

/// What a module's file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Its stamp.
    pub stamp: Stamp,
    /// The directives that it brings: module and name.
    pub directives: Vec<(String, String)>,
    /// The digest of its bytes.
    pub sha256: Sha256Sum,
    /// Its size in bytes.
    pub size: u64,
}

/// Reads what a module's file says of itself. None of its code runs; owners,
/// modes and the stamp's agreement with this build are not looked at.
///
/// # Errors
/// It cannot be read, or is no module.
pub fn inspect(file: &Path) -> Result<Inspection, LoadError> {
    let bytes = file::read(file, None)?;
    let object = elf::parse(file, &bytes)?;
    Ok(Inspection {
        stamp: object.stamp()?,
        directives: object.directives(),
        sha256: sha256(&bytes),
        size: bytes.len() as u64,
    })
}
