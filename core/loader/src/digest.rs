//! The digest at the end of an installed module's file: 16 bytes of magic and the
//! SHA-256 of everything before them. It comes after all that the file's own tables
//! describe, so only this loader reads it. It detects accidental damage; signatures
//! protect against deliberate changes.
//!
//! A file without a digest, as cargo builds it, is not refused; it only gets a trial.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::LoadError;

/// The SHA-256 of a file's bytes.
pub type Sha256Sum = [u8; 32];

const MAGIC: &[u8; 16] = b"\0gantry-sha256\0\n";
const LENGTH: usize = MAGIC.len() + 32;

/// Appends the digest to a module's bytes, unless they already end with one.
pub fn with_digest(mut bytes: Vec<u8>) -> Vec<u8> {
    if split(&bytes).1.is_empty() {
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&digest);
    }
    bytes
}

/// The SHA-256 of all bytes.
pub(crate) fn sum(bytes: &[u8]) -> Sha256Sum {
    Sha256::digest(bytes).into()
}

/// The SHA-256 of all bytes, and whether they end with a digest.
///
/// # Errors
/// They end with a digest that does not match.
pub(crate) fn check(path: &Path, bytes: &[u8]) -> Result<(Sha256Sum, bool), LoadError> {
    let (module, end) = split(bytes);
    let mut sum = Sha256::new_with_prefix(module);
    // Files are large, so no byte is hashed twice.
    if !end.is_empty() && sum.clone().finalize().as_slice() != &end[MAGIC.len()..] {
        return Err(LoadError::Damaged { path: path.to_owned() });
    }
    sum.update(end);
    Ok((sum.finalize().into(), !end.is_empty()))
}

/// The module, and its magic and digest; the latter is empty if there is none.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let parts = bytes.len().checked_sub(LENGTH).map(|at| bytes.split_at(at));
    parts.filter(|(_, end)| end.starts_with(MAGIC)).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_bit_is_detected_or_harmless() {
        let path = Path::new("mod_x.so");
        let bytes = b"some bytes of a module".to_vec();
        assert!(matches!(check(path, &bytes), Ok((_, false))));
        let whole = with_digest(bytes.clone());
        assert_eq!(with_digest(whole.clone()), whole);
        assert_eq!(check(path, &whole).unwrap(), (Sha256::digest(&whole).into(), true));
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            match check(path, &changed) {
                Err(error) => assert!(error.to_string().contains("mod_x.so: damaged"), "{error}"),
                // Without the magic, the digest is just unused bytes.
                Ok((_, found)) => assert!(!found && changed.starts_with(&bytes)),
            }
        }
    }
}
