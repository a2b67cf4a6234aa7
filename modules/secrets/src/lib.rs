//! What modules that verify stored passwords share: digests by name, hashing away from the
//! threads that serve sessions, comparing, and warnings of old schemes. It is no module.

mod digest;
mod hashing;
mod old;

use std::hint::black_box;

pub use digest::Digest;
pub use hashing::Hashing;
pub use old::OldSchemes;

/// Compares in constant time, so that the time does not show where the first difference is.
pub fn is_equal(stored: &[u8], given: &[u8]) -> bool {
    let difference = stored.iter().zip(given).fold(0, |sum, (one, other)| black_box(sum | (one ^ other)));
    stored.len() == given.len() && black_box(difference) == 0
}
