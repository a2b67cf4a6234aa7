//! Which directories are probably in memory: those that were read lately.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a directory counts as in memory after it was read.
const WARM: Duration = Duration::from_secs(60);
/// The number of directories to remember.
const MOST: usize = 64;

/// The directories that a session read lately, by device and inode.
#[derive(Default)]
pub(super) struct Warm {
    read: Mutex<HashMap<(u64, u64), Instant>>,
}

impl Warm {
    /// Whether a directory was read lately.
    pub(super) fn has(&self, id: (u64, u64)) -> bool {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(&id).is_some_and(|when| when.elapsed() < WARM)
    }

    /// Records that a directory was read.
    pub(super) fn note(&self, id: (u64, u64)) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= MOST && !read.contains_key(&id) {
            read.clear();
        }
        read.insert(id, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_directories_are_remembered() {
        let warm = Warm::default();
        for inode in 0..2 * MOST as u64 {
            warm.note((1, inode));
        }
        assert!(warm.has((1, 2 * MOST as u64 - 1)) && !warm.has((1, 0)));
        assert!(warm.read.lock().unwrap().len() <= MOST);
    }
}
