//! Reads the description in a module's file without loading it.

use std::path::Path;

use gantry_api::stamp::Stamp;

use crate::digest::{self, Sha256Sum};
use crate::error::LoadError;
use crate::{elf, file};

/// The description of a module's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Its stamp.
    pub stamp: Stamp,
    /// Its directives: module and name.
    pub directives: Vec<(String, String)>,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256Sum,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it ends with a digest, as an installed file does.
    pub has_digest: bool,
}

/// Reads the description of a module's file. None of its code runs. This does not check
/// owners, modes or signatures, nor whether the stamp matches this build.
///
/// # Errors
/// The file cannot be read or is not a module.
pub fn inspect(file: &Path) -> Result<Inspection, LoadError> {
    inspect_bytes(file, &file::read(file, None, file::LIMIT)?.bytes)
}

/// Like [`inspect`], for bytes that were already read; `file` is only for messages. The
/// result never needs more than a few times the memory of the bytes.
///
/// # Errors
/// The bytes are not a module.
pub fn inspect_bytes(file: &Path, bytes: &[u8]) -> Result<Inspection, LoadError> {
    let object = elf::module(file, bytes)?;
    let (sha256, has_digest) = digest::check(file, bytes)?;
    Ok(Inspection {
        stamp: object.stamp()?,
        directives: object.directives(),
        sha256,
        size: bytes.len() as u64,
        has_digest,
    })
}
