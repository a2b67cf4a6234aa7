//! Hashing on threads for blocking work.

use std::num::NonZeroUsize;
use std::sync::Arc;

use gantry_api::{Error, Result};
use tokio::sync::Semaphore;

/// Hashes only as many passwords at a time as there are processors: a hash takes tens of
/// milliseconds, and anyone who connects can cause one. Clones share the places.
#[derive(Clone)]
pub struct Hashing {
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { places: Arc::new(Semaphore::new(processors)) }
    }
}

impl Hashing {
    /// Runs `work` once there is a place, within tokio's runtime.
    ///
    /// # Errors
    /// The module stops, or `work` panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = |_| Error::system("the module has stopped checking passwords");
        let place = self.places.clone().acquire_owned().await.map_err(busy)?;
        let work = move || {
            // The work holds it, because it continues even if the session ends.
            let _place = place;
            work()
        };
        let failed = |error| Error::system(format!("cannot hash a password: {error}"));
        tokio::task::spawn_blocking(work).await.map_err(failed)
    }
}
