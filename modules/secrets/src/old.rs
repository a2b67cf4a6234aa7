//! Warnings of schemes whose hashes are guessed quickly. Such passwords still verify.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use gantry_api::log;

/// Warns of each scheme once.
#[derive(Default)]
pub struct OldSchemes {
    warned: Mutex<HashSet<&'static str>>,
}

impl OldSchemes {
    /// Warns of a scheme that a login has just used, if the log has no such line yet.
    pub fn used(&self, scheme: &'static str) {
        // A panic while it is locked leaves it consistent.
        let is_new = self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(scheme);
        if is_new {
            log!(
                Warn,
                "users log in with passwords that are stored as {scheme}: anyone who reads the database can guess them quickly"
            );
        }
    }

    /// The scheme of a crypt(3) hash, if it is an old one.
    pub fn of_crypt(hash: &str) -> Option<&'static str> {
        let is = |prefix: &str| hash.starts_with(prefix);
        match () {
            () if is("$1$") => Some("MD5-crypt"),
            () if is("$3$") => Some("NT hashes"),
            () if is("$md5") => Some("Sun's MD5-crypt"),
            () if is("$sha1") => Some("SHA-1-crypt"),
            () if is("$") => None,
            () => Some("DES-crypt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_hashes_are_told_from_others() {
        for (hash, wanted) in [
            ("$1$salt$x", Some("MD5-crypt")),
            ("aaXXXXXXXXXXX", Some("DES-crypt")),
            ("_J9..rasmXXXXXXXXXXX", Some("DES-crypt")),
            ("$y$j9T$x", None),
            ("$6$x", None),
            ("$2y$10$x", None),
        ] {
            assert_eq!(OldSchemes::of_crypt(hash), wanted, "{hash}");
        }
    }
}
