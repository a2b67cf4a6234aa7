//! A store: what holds a session's files. The host's file system is one, which
//! the server has itself; modules may publish others. A store knows nothing of
//! policy: the server's gate is before it, and judges each place before it acts
//! there. So a path is resolved once, to a place that is pinned, and judged and
//! acted on is that place and no other, whatever becomes of the path meanwhile.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::files::{File, Links, Listing, Metadata, OpenFile, Target};
use crate::path::VirtualPath;
use crate::promise::Promise;

/// What a file that is there is opened for. Writing changes nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read it.
    Read,
    /// To write it at any offset.
    Write,
    /// To write behind its end.
    Append,
}

/// What a path leads to.
#[derive(Debug, Clone)]
pub struct Found<P> {
    /// The thing, pinned.
    pub place: P,
    /// What is known of it.
    pub metadata: Metadata,
}

/// A place that the gate has judged and leaves to the store to act at, once. Only
/// the gate makes one.
#[derive(Debug)]
pub struct Judged<P>(P);

impl<P> Judged<P> {
    /// For the server's gate, once it has judged, and for nobody else.
    #[doc(hidden)]
    pub fn by_the_gate(place: P) -> Self {
        Self(place)
    }

    /// The place.
    pub fn into_place(self) -> P {
        self.0
    }
}

/// Holds files. Two methods take a path: they pin what it leads to, and change
/// nothing. All else is done at a place that has been judged. What a store has no
/// way to do it refuses, as the methods here do that are not its own.
///
/// A store that is a module's pins a place by its path: `Store<Place = VirtualPath>`.
pub trait Store: Send + Sync {
    /// A thing, or a name in a directory, pinned: not to be mistaken for what its
    /// path may lead to later.
    type Place: Send + Sync + 'static;

    /// By which path the gate judges a place: for the sections of a `<Directory>`.
    /// It waits for nothing.
    fn path(&self, place: &Self::Place) -> Result<PathBuf>;

    /// A path as logs have it.
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        path.as_bytes().to_vec()
    }

    /// What a path leads to; none where there is nothing.
    fn find<'a>(&'a self, path: &'a VirtualPath, links: Links) -> Promise<'a, Option<Found<Self::Place>>>;

    /// The name at the end of a path, in its directory, whether anything has it or
    /// not; a link itself.
    fn name<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Self::Place>;

    /// Sees whether a directory may be entered; an error for what is none.
    fn enter(&self, at: Judged<Self::Place>) -> Promise<'_, ()>;

    /// Opens a regular file, which the gate has seen it to be.
    fn open(&self, at: Judged<Self::Place>, access: Access) -> Promise<'_, Box<dyn File>>;

    /// Begins to list a directory.
    fn list(&self, at: Judged<Self::Place>) -> Promise<'_, Box<dyn Listing>>;

    /// Makes a new file for a name and opens it; none where something has the name.
    fn create(&self, _at: Judged<Self::Place>, _access: Access, _mode: u32) -> Promise<'_, Option<OpenFile>> {
        unsupported()
    }

    /// Makes a directory.
    fn create_directory(&self, _at: Judged<Self::Place>, _mode: u32) -> Promise<'_, ()> {
        unsupported()
    }

    /// Removes an empty directory.
    fn remove_directory(&self, _at: Judged<Self::Place>) -> Promise<'_, ()> {
        unsupported()
    }

    /// Removes what has a name, and is no directory.
    fn remove_file(&self, _at: Judged<Self::Place>) -> Promise<'_, ()> {
        unsupported()
    }

    /// Gives what has one name another one.
    fn rename(&self, _from: Judged<Self::Place>, _to: Judged<Self::Place>, _target: Target) -> Promise<'_, ()> {
        unsupported()
    }

    /// Sets the time of last modification, Unix seconds.
    fn set_modified(&self, _at: Judged<Self::Place>, _time: i64) -> Promise<'_, ()> {
        unsupported()
    }

    /// Sets permission bits.
    fn set_mode(&self, _at: Judged<Self::Place>, _mode: u32) -> Promise<'_, ()> {
        unsupported()
    }
}

/// The refusal of what a store has no way to do.
pub fn unsupported<'a, T: Send + 'a>() -> Promise<'a, T> {
    let words = std::io::Error::new(std::io::ErrorKind::Unsupported, "Operation not supported");
    Promise::now(Err(Error::from(words)))
}
