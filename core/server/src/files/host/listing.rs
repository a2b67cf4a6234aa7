//! A directory of the host that is being listed. Its first names come at once where
//! they are in memory; those behind them from a thread of the pool, so that a
//! large directory holds nobody else up.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gantry_api::files::{DirectoryEntry, Kind, Listing};
use gantry_api::{Promise, Result};
use gantry_sys::{Batch, Directory, Medium, handle};

use crate::caught::promised;
use crate::files::host::HostStore;
use crate::files::host::place::{HostPlace, metadata};

/// How long a directory that has been read counts as being in memory.
const WARM: Duration = Duration::from_secs(60);
/// Directories that are remembered.
const MOST: usize = 64;

/// The directories that a session read lately, by device and inode.
#[derive(Default)]
pub(super) struct Warm {
    read: Mutex<HashMap<(u64, u64), Instant>>,
}

impl Warm {
    fn has(&self, id: (u64, u64)) -> bool {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(&id).is_some_and(|when| when.elapsed() < WARM)
    }

    fn note(&self, id: (u64, u64)) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= MOST && !read.contains_key(&id) {
            read.clear();
        }
        read.insert(id, Instant::now());
    }
}

/// A directory being listed.
pub(super) struct HostListing {
    store: HostStore,
    reading: Option<Reading>,
    has_begun: bool,
}

/// The directory, and its place, to look at the names in it.
struct Reading {
    directory: Directory,
    place: HostPlace,
}

impl HostListing {
    /// Reads a directory.
    pub(super) fn new(store: HostStore, directory: Directory, place: HostPlace) -> Self {
        Self { store, reading: Some(Reading { directory, place }), has_begun: false }
    }

    /// The first names, where nobody has to be waited for.
    fn first(&mut self, reading: &mut Reading) -> Option<Result<(Vec<DirectoryEntry>, Batch)>> {
        if std::mem::replace(&mut self.has_begun, true) || !reading.place.is_near() {
            return None;
        }
        let host = &self.store.host;
        let is_warm = host.root.medium == Medium::Memory || reading.place.id().is_some_and(|id| host.warm.has(id));
        if !is_warm {
            return None;
        }
        self.store.at_once(|_| Some(reading.batch()))
    }
}

impl Listing for HostListing {
    fn next(&mut self) -> Promise<'_, Vec<DirectoryEntry>> {
        promised(move || {
            let Some(mut reading) = self.reading.take() else { return Promise::now(Ok(Vec::new())) };
            if let Some(first) = self.first(&mut reading) {
                return Promise::now(first.map(|(entries, batch)| {
                    self.reading = (batch == Batch::More).then_some(reading);
                    entries
                }));
            }
            let Self { store, reading: rest, .. } = self;
            let read = store.later(move |host| {
                let (entries, batch) = reading.batch()?;
                if let Some(id) = reading.place.id() {
                    host.warm.note(id);
                }
                Ok((entries, (batch == Batch::More).then_some(reading)))
            });
            read.and_then(|(entries, reading)| {
                *rest = reading;
                Ok(entries)
            })
        })
    }
}

impl Reading {
    /// The next names with what they stand for. A name that is gone again by then
    /// is left out.
    fn batch(&mut self) -> io::Result<(Vec<DirectoryEntry>, Batch)> {
        let mut entries = Vec::new();
        loop {
            let mut names = Vec::new();
            let batch = self.directory.next_batch(|name, _| names.push(name.to_vec()))?;
            entries.extend(names.into_iter().filter_map(|name| self.entry(name)));
            // An empty answer would mean the end.
            if batch == Batch::End || !entries.is_empty() {
                return Ok((entries, batch));
            }
        }
    }

    fn entry(&self, name: Vec<u8>) -> Option<DirectoryEntry> {
        let folder = self.place.as_fd();
        let metadata = metadata(&handle::attributes_of_name(folder, &name).ok()?);
        let target = match metadata.kind {
            Kind::Link => rustix::fs::readlinkat(folder, name.as_slice(), Vec::new()).ok(),
            _ => None,
        };
        Some(DirectoryEntry { name, metadata, target: target.map(std::ffi::CString::into_bytes) })
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
