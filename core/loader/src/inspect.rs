//! What a module's file says of itself, read without loading it.

use std::path::Path;

use gantry_api::stamp::Stamp;

use crate::digest::{self, Sha256Sum};
use crate::error::LoadError;
use crate::{elf, file};

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
    /// Whether it ends with a digest of its bytes, as an installed one does.
    pub has_digest: bool,
}

/// Reads what a module's file says of itself. None of its code runs; owners,
/// modes, signatures and the stamp's agreement with this build are not looked
/// at.
///
/// # Errors
/// It cannot be read, or is no module.
pub fn inspect(file: &Path) -> Result<Inspection, LoadError> {
    inspect_bytes(file, &file::read(file, None, file::LIMIT)?.bytes)
}

/// What [`inspect`] does, for bytes that were read already; `file` is for the
/// messages alone. Whatever the bytes are, the answer takes no more memory than
/// a few times theirs.
///
/// # Errors
/// They are no module's.
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
