//! The roots of sessions. Sessions with the same directory share one handle.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::fs::OFlags;

use crate::handle::{self, Freshness};
use crate::medium::Medium;
use crate::root::Root;

/// The number of entries before unused ones are removed for the first time.
const FEW: usize = 64;

/// A root, and what was learned about it when it was opened.
#[derive(Debug)]
pub struct SharedRoot {
    /// The root.
    pub root: Root,
    /// Its path on the host with links resolved, as of the first opening.
    pub path: PathBuf,
    /// The mount that it is on; `None` if the kernel does not report it.
    pub mount: Option<u64>,
    /// Where its files are stored.
    pub medium: Medium,
}

/// The device, number and mount of a directory.
type Key = (u64, u64, Option<u64>);

/// The roots in use.
#[derive(Debug, Default)]
pub struct Roots {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    roots: HashMap<Key, Weak<SharedRoot>>,
    /// The number of entries at which unused ones are removed.
    full: usize,
}

impl Roots {
    /// The root at this path on the host, opened with the thread's credentials. If the path leads
    /// to a directory that is already open, that root is returned.
    ///
    /// # Errors
    ///
    /// If it is not a directory or cannot be reached.
    pub fn open(&self, path: &Path) -> io::Result<Arc<SharedRoot>> {
        let root = Root::open(path)?;
        let found = handle::attributes(root.as_fd(), Freshness::Now)?;
        let key = (found.device, found.inode, found.mount);
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let path = handle::real_path(root.as_fd())?;
        let medium = root.medium();
        let opened = Arc::new(SharedRoot { root, path, mount: found.mount, medium });
        self.add(key, &opened);
        Ok(opened)
    }

    /// The same, if the directory is open already and the kernel tells so without waiting.
    pub fn open_at_once(&self, path: &Path) -> Option<Arc<SharedRoot>> {
        let directory = handle::open_cached(path, OFlags::PATH | OFlags::DIRECTORY)?;
        let found = handle::attributes(directory.as_fd(), Freshness::AtHand).ok()?;
        self.known(&(found.device, found.inode, found.mount)).filter(|root| root.medium != Medium::Elsewhere)
    }

    fn known(&self, key: &Key) -> Option<Arc<SharedRoot>> {
        let found = self.known.lock().unwrap_or_else(PoisonError::into_inner).roots.get(key)?.upgrade()?;
        // If the directory has been moved, it is a different root for everyone who uses paths.
        let is_there = handle::real_path(found.root.as_fd()).is_ok_and(|path| path == found.path);
        is_there.then_some(found)
    }

    fn add(&self, key: Key, opened: &Arc<SharedRoot>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.roots.len() >= known.full.max(FEW) {
            known.roots.retain(|_, root| root.strong_count() > 0);
            known.full = known.roots.len().saturating_mul(2);
        }
        known.roots.insert(key, Arc::downgrade(opened));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_directory_is_one_root() {
        let dir = tempfile::tempdir().unwrap();
        let (home, other) = (dir.path().join("home"), dir.path().join("other"));
        fs::create_dir(&home).unwrap();
        fs::create_dir(&other).unwrap();
        std::os::unix::fs::symlink(&home, dir.path().join("link")).unwrap();
        let roots = Roots::default();
        let first = roots.open(&home).unwrap();
        assert!(Arc::ptr_eq(&first, &roots.open(&dir.path().join("link")).unwrap()));
        assert!(!Arc::ptr_eq(&first, &roots.open(&other).unwrap()));
        assert_eq!(first.path, home.canonicalize().unwrap());
        let at_once = |path: &str| roots.open_at_once(&dir.path().join(path));
        assert!(at_once("link").is_none_or(|root| Arc::ptr_eq(&first, &root)));
        assert!(at_once("home").is_some() == (first.medium != Medium::Elsewhere));
        assert!(at_once("none").is_none(), "nobody has opened it");

        fs::rename(&home, dir.path().join("old")).unwrap();
        fs::create_dir(&home).unwrap();
        let new = roots.open(&home).unwrap();
        assert!(!Arc::ptr_eq(&first, &new), "another directory with the same name");
        let moved = roots.open(&dir.path().join("old")).unwrap();
        assert_eq!(moved.path, dir.path().join("old").canonicalize().unwrap());
    }

    #[test]
    fn roots_that_nobody_needs_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let roots = Roots::default();
        for at in 0..FEW * 3 {
            let path = dir.path().join(at.to_string());
            fs::create_dir(&path).unwrap();
            roots.open(&path).unwrap();
        }
        assert!(roots.known.lock().unwrap().roots.len() <= FEW);
    }
}
