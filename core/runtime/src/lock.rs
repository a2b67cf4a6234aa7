//! Locks that no panic spoils.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever became of the last holder: nothing here is left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
