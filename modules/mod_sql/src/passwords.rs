//! SQLAuthTypes: checks a password against the value in the database.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;

use gantry_api::{Error, Result};
use tokio::sync::Semaphore;

use crate::settings::AuthType;

/// Checks passwords, only a few at a time: a hash takes tens of milliseconds of a
/// processor, and anyone who connects can cause one.
pub struct Passwords {
    hashing: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { hashing: Arc::new(Semaphore::new(processors)) }
    }
}

impl Passwords {
    /// Whether one of the types accepts the password. NULL matches nothing; an empty text
    /// matches any password, but only if `Empty` is configured.
    pub async fn fit(&self, types: &[AuthType], stored: Option<&str>, password: &[u8]) -> Result<bool> {
        let Some(stored) = stored else { return Ok(false) };
        if stored.is_empty() {
            return Ok(types.contains(&AuthType::Empty));
        }
        for kind in types {
            let fits = match kind {
                AuthType::Empty => false,
                AuthType::Plaintext => is_equal(stored.as_bytes(), password),
                AuthType::Crypt => self.crypt(stored, password).await?,
            };
            if fits {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn crypt(&self, stored: &str, password: &[u8]) -> Result<bool> {
        let busy = |_| Error::system("the module has stopped checking passwords");
        let slot = self.hashing.clone().acquire_owned().await.map_err(busy)?;
        let (stored, password) = (stored.to_owned(), password.to_vec());
        let work = move || {
            // The work holds it, because it continues even if the session ends.
            let _slot = slot;
            // A value that is not a crypt hash matches no password.
            gantry_sys::crypt::verify(&password, &stored).unwrap_or(false)
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::system(format!("crypt: {error}")))
    }
}

/// Compares in constant time, so that the time does not show where the first difference is.
fn is_equal(stored: &[u8], given: &[u8]) -> bool {
    let difference = stored.iter().zip(given).fold(0, |sum, (one, other)| black_box(sum | (one ^ other)));
    stored.len() == given.len() && black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthType::{Crypt, Empty, Plaintext};

    #[tokio::test]
    async fn passwords_fit_by_their_types_alone() {
        let hash = gantry_sys::crypt::hash(b"secret", gantry_sys::crypt::Scheme::Sha512).unwrap();
        let passwords = Passwords::default();
        for (types, stored, password, wanted) in [
            (&[Plaintext][..], Some("secret"), "secret", true),
            (&[Plaintext], Some("secret"), "secreT", false),
            (&[Plaintext], Some("secret"), "secre", false),
            (&[Plaintext], Some(&hash), &hash, true),
            (&[Crypt], Some(&hash), "secret", true),
            (&[Crypt], Some(&hash), "Secret", false),
            (&[Crypt], Some(&hash), &hash, false),
            (&[Crypt], Some("secret"), "secret", false),
            (&[Crypt, Plaintext], Some("secret"), "secret", true),
            (&[Crypt], Some("*"), "*", false),
            (&[Empty], Some(""), "any", true),
            (&[Empty], Some("x"), "x", false),
            (&[Empty, Plaintext, Crypt], None, "", false),
            (&[Plaintext, Crypt], Some(""), "", false),
            (&[], Some("secret"), "secret", false),
        ] {
            let fits = passwords.fit(types, stored, password.as_bytes()).await.unwrap();
            assert_eq!(fits, wanted, "{types:?} {stored:?} {password}");
        }
    }
}
