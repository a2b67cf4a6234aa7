//! The digest that a module's file ends with, when it was installed: 16 bytes
//! of magic and the SHA-256 of all that stands before them. It lies behind
//! everything that the file's own tables speak of, so nothing but this loader
//! looks at it. It finds damage, in code and data too; against somebody's will
//! there are signatures.
//!
//! A file without one, as cargo builds it, is not refused: it is tried alone.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::LoadError;

/// A digest over a file's bytes.
pub type Sha256Sum = [u8; 32];

const MAGIC: &[u8; 16] = b"\0gantry-sha256\0\n";
const LENGTH: usize = MAGIC.len() + 32;

/// A module's bytes as they are installed: with their digest behind them. Bytes
/// that have one already come back as they are.
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

/// The SHA-256 of all bytes, and whether they end with a digest of those before.
///
/// # Errors
/// They do, and it is another one's.
pub(crate) fn check(path: &Path, bytes: &[u8]) -> Result<(Sha256Sum, bool), LoadError> {
    let (module, end) = split(bytes);
    let mut sum = Sha256::new_with_prefix(module);
    // Files are large: no byte is counted twice.
    if !end.is_empty() && sum.clone().finalize().as_slice() != &end[MAGIC.len()..] {
        return Err(LoadError::Damaged { path: path.to_owned() });
    }
    sum.update(end);
    Ok((sum.finalize().into(), !end.is_empty()))
}

/// The module, and the magic and digest behind it; empty where there are none.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let parts = bytes.len().checked_sub(LENGTH).map(|at| bytes.split_at(at));
    parts.filter(|(_, end)| end.starts_with(MAGIC)).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_bit_is_found_or_harms_nothing() {
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
                // Without its magic, the digest is no part of the module.
                Ok((_, found)) => assert!(!found && changed.starts_with(&bytes)),
            }
        }
    }
}
