//! A listing of a directory of the host. Its first names come at once if they are in memory; later
//! ones come from a thread of the pool, so that a large directory delays nobody else.

use std::io;
use std::os::fd::AsFd;

use gantry_api::files::{DirectoryEntry, Kind, Listing};
use gantry_api::{Promise, Result};
use gantry_sys::{Batch, Directory, Medium, handle};

use crate::caught::promised;
use crate::files::host::actor::Actor;
use crate::files::host::place::{HostPlace, metadata};

/// A directory being listed.
pub(super) struct HostListing {
    actor: Actor,
    reading: Option<Reading>,
    has_begun: bool,
}

/// The directory, and its place for reading metadata of the names.
struct Reading {
    directory: Directory,
    place: HostPlace,
}

impl HostListing {
    /// Reads a directory.
    pub(super) fn new(actor: Actor, directory: Directory, place: HostPlace) -> Self {
        Self { actor, reading: Some(Reading { directory, place }), has_begun: false }
    }

    /// The first names, if reading them need not wait.
    fn first(&mut self, reading: &mut Reading) -> Option<Result<(Vec<DirectoryEntry>, Batch)>> {
        if std::mem::replace(&mut self.has_begun, true) || !reading.place.is_near() {
            return None;
        }
        let user = self.actor.user();
        let is_warm = user.root.medium == Medium::Memory || reading.place.id().is_some_and(|id| user.warm.has(id));
        if !is_warm {
            return None;
        }
        self.actor.at_once(|_| Some(reading.batch()))
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
            let Self { actor, reading: rest, .. } = self;
            let read = actor.later(move |user| {
                let (entries, batch) = reading.batch()?;
                if let Some(id) = reading.place.id() {
                    user.warm.note(id);
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
    /// The next names with their metadata. A name that has disappeared by then is left out.
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
