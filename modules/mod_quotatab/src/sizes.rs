//! The sizes of the files that commands under way may change, as they have been counted so far.
//!
//! A command counts the difference between a file as it is when the command ends and as it was last counted, not as it
//! was when the command began. So whatever several sessions do to one file at once (overwrite, append, delete, rename),
//! the differences add up to what became of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::files::{Files, Kind, Links, Metadata};
use gantry_api::prelude::*;
use tokio::sync::OwnedMutexGuard;

/// The files.
#[derive(Default)]
pub(crate) struct Sizes {
    open: Mutex<HashMap<Key, Entry>>,
}

/// A server, and a path on its host.
type Key = (Arc<str>, Vec<u8>);

/// A file as it was last counted; none while nobody has looked yet.
type Entry = Arc<tokio::sync::Mutex<Option<Measure>>>;

/// What a path counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Measure {
    pub(crate) files: i64,
    pub(crate) bytes: i64,
}

/// Which things count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counting {
    /// Whether a link counts as the file that it leads to.
    pub(crate) links: Links,
    /// QuotaDirectoryTally.
    pub(crate) directories: bool,
}

/// A file that a command may change.
pub(crate) struct Window {
    sizes: Arc<Sizes>,
    key: Key,
    entry: Entry,
    path: VirtualPath,
    counting: Counting,
}

/// A file whose size no other command can count at the moment.
pub(crate) struct Counted {
    guard: OwnedMutexGuard<Option<Measure>>,
    /// As it was last counted.
    pub(crate) before: Measure,
}

impl Measure {
    fn of(found: &Metadata, directories: bool) -> Self {
        let counts = match found.kind {
            Kind::File => true,
            Kind::Directory => directories,
            Kind::Link | Kind::Other => false,
        };
        match counts {
            true => Self { files: 1, bytes: i64::try_from(found.size).unwrap_or(i64::MAX) },
            false => Self::default(),
        }
    }
}

impl Sizes {
    /// Takes note of a file.
    pub(crate) fn window(
        self: &Arc<Self>,
        session: &Session,
        files: &dyn Files,
        path: VirtualPath,
        counting: Counting,
    ) -> Window {
        let key = (session.server_key.clone(), files.shown(&path));
        let entry = self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().clone();
        Window { sizes: self.clone(), key, entry, path, counting }
    }

    /// What a file was last counted as, if a command may be changing it.
    pub(crate) async fn counted(&self, server: &Arc<str>, path: Vec<u8>) -> Option<Measure> {
        let entry = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&(server.clone(), path))?.clone();
        let counted = entry.lock().await;
        *counted
    }
}

impl Window {
    /// Looks at the file before the command changes it, unless another command has.
    pub(crate) async fn begin(&self, files: &dyn Files) -> Measure {
        let mut counted = self.entry.lock().await;
        match *counted {
            Some(counted) => counted,
            None => *counted.insert(self.measure(files).await.unwrap_or_default()),
        }
    }

    /// Keeps others from counting the file.
    pub(crate) async fn hold(&self) -> Counted {
        let guard = self.entry.clone().lock_owned().await;
        let before = guard.unwrap_or_default();
        Counted { guard, before }
    }

    /// The file as it is now. None if that cannot be seen.
    pub(crate) async fn measure(&self, files: &dyn Files) -> Option<Measure> {
        match files.metadata(&self.path, self.counting.links).await {
            Ok(found) => Some(Measure::of(&found, self.counting.directories)),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(Measure::default()),
            Err(_) => None,
        }
    }

    /// Its place among those that are held together, so that two commands do not wait for each other.
    pub(crate) fn order(&self) -> &[u8] {
        &self.key.1
    }

    /// The path.
    pub(crate) fn path(&self) -> &VirtualPath {
        &self.path
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let mut open = self.sizes.open.lock().unwrap_or_else(PoisonError::into_inner);
        // The table's own and this one's.
        if Arc::strong_count(&self.entry) <= 2 {
            open.remove(&self.key);
        }
    }
}

impl Counted {
    /// Takes note of what the file is counted as now.
    pub(crate) fn count(mut self, now: Measure) {
        *self.guard = Some(now);
    }
}
