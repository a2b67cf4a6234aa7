//! What is given up after a while unless somebody takes it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

/// A value with a time limit.
pub struct Expiring<T> {
    value: Arc<Mutex<Option<T>>>,
    clock: JoinHandle<()>,
}

impl<T: Send + 'static> Expiring<T> {
    /// Drops the value after so long. Called within the runtime.
    pub fn new(value: T, lasts: Duration) -> Self {
        let value = Arc::new(Mutex::new(Some(value)));
        let kept = value.clone();
        let clock = tokio::spawn(async move {
            tokio::time::sleep(lasts).await;
            drop(taken(&kept));
        });
        Self { value, clock }
    }

    /// The value, if it is still there.
    pub fn take(&self) -> Option<T> {
        taken(&self.value)
    }
}

impl<T> Drop for Expiring<T> {
    fn drop(&mut self) {
        self.clock.abort();
    }
}

fn taken<T>(value: &Mutex<Option<T>>) -> Option<T> {
    value.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_takes_is_dropped() {
        let (one, other) = (Arc::new(()), Arc::new(()));
        let taken = Expiring::new(one.clone(), Duration::from_secs(3600));
        assert!(taken.take().is_some() && taken.take().is_none());
        let left = Expiring::new(other.clone(), Duration::ZERO);
        while Arc::strong_count(&other) > 1 {
            tokio::task::yield_now().await;
        }
        assert!(left.take().is_none());
        let dropped = Expiring::new(one.clone(), Duration::from_secs(3600));
        drop(dropped);
        while Arc::strong_count(&one) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
