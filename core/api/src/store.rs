//! A store: what holds a session's files. The host's file system is one, which
//! the server has itself; modules may publish others. A store knows nothing of
//! policy: the server's gate is before it, and judges each place before it acts
//! there. So a path is resolved once, to a place that is pinned, and judged and
//! acted on is that place and no other, whatever becomes of the path meanwhile.

use std::path::PathBuf;

use crate::error::{Error, ErrorKind, Result};
use crate::files::{File, Links, Listing, Metadata, OpenFile, Target};
use crate::guard::{Guarded, Output};
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
    fn find(&self, path: &VirtualPath, links: Links) -> Promise<'_, Option<Found<Self::Place>>>;

    /// The name at the end of a path, in its directory, whether anything has it or
    /// not; a link itself.
    fn name(&self, path: &VirtualPath) -> Promise<'_, Self::Place>;

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

/// A store that is a module's, guarded in its image.
impl<S: Store<Place = VirtualPath>> Store for Guarded<S> {
    type Place = VirtualPath;

    fn path(&self, place: &VirtualPath) -> Result<PathBuf> {
        self.home().at_once(|| self.value().path(place))
    }

    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        self.home().at_once(|| self.value().shown(path))
    }

    fn find(&self, path: &VirtualPath, links: Links) -> Promise<'_, Option<Found<VirtualPath>>> {
        self.home().at_once(|| self.value().find(path, links))
    }

    fn name(&self, path: &VirtualPath) -> Promise<'_, VirtualPath> {
        self.home().at_once(|| self.value().name(path))
    }

    fn enter(&self, at: Judged<VirtualPath>) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().enter(at))
    }

    fn open(&self, at: Judged<VirtualPath>, access: Access) -> Promise<'_, Box<dyn File>> {
        self.home().at_once(|| self.value().open(at, access))
    }

    fn list(&self, at: Judged<VirtualPath>) -> Promise<'_, Box<dyn Listing>> {
        self.home().at_once(|| self.value().list(at))
    }

    fn create(&self, at: Judged<VirtualPath>, access: Access, mode: u32) -> Promise<'_, Option<OpenFile>> {
        self.home().at_once(|| self.value().create(at, access, mode))
    }

    fn create_directory(&self, at: Judged<VirtualPath>, mode: u32) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().create_directory(at, mode))
    }

    fn remove_directory(&self, at: Judged<VirtualPath>) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().remove_directory(at))
    }

    fn remove_file(&self, at: Judged<VirtualPath>) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().remove_file(at))
    }

    fn rename(&self, from: Judged<VirtualPath>, to: Judged<VirtualPath>, target: Target) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().rename(from, to, target))
    }

    fn set_modified(&self, at: Judged<VirtualPath>, time: i64) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().set_modified(at, time))
    }

    fn set_mode(&self, at: Judged<VirtualPath>, mode: u32) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().set_mode(at, mode))
    }
}

impl Output for PathBuf {}

impl Output for VirtualPath {}

impl<P> Output for Found<P> {}

/// The refusal of what a store has no way to do.
pub fn unsupported<'a, T: Send + 'a>() -> Promise<'a, T> {
    Promise::now(Err(Error::of(ErrorKind::Unsupported)))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::files::DirectoryEntry;
    use crate::guard::Home;

    /// Panics in each way there is.
    struct Faulty;

    impl Store for Faulty {
        type Place = VirtualPath;

        fn path(&self, _: &VirtualPath) -> Result<PathBuf> {
            panic!("in path")
        }

        fn find(&self, _: &VirtualPath, _: Links) -> Promise<'_, Option<Found<VirtualPath>>> {
            panic!("in find")
        }

        fn name(&self, _: &VirtualPath) -> Promise<'_, VirtualPath> {
            Promise::later(async { panic!("in name") })
        }

        fn enter(&self, _: Judged<VirtualPath>) -> Promise<'_, ()> {
            Promise::later(async { panic!("in enter") })
        }

        fn open(&self, _: Judged<VirtualPath>, _: Access) -> Promise<'_, Box<dyn File>> {
            unsupported()
        }

        fn list(&self, _: Judged<VirtualPath>) -> Promise<'_, Box<dyn Listing>> {
            Promise::later(async { Ok(Box::new(Bomb) as Box<dyn Listing>) })
        }
    }

    struct Bomb;

    impl Listing for Bomb {
        fn next(&mut self) -> Promise<'_, Vec<DirectoryEntry>> {
            panic!("in next")
        }
    }

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop")
        }
    }

    fn wait<T>(mut promise: Promise<'_, T>) -> Result<T> {
        match std::pin::Pin::new(&mut promise).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_stores_panics_stay_in_its_image() {
        let home = Home { module: "mod_test".into(), runtime: None };
        let store: &dyn Store<Place = VirtualPath> = &Guarded::new(home, Faulty);
        let (root, at) = (VirtualPath::root(), || Judged::by_the_gate(VirtualPath::root()));
        let said = |error: Error| error.message().to_owned();
        assert_eq!(store.path(&root).map_err(said), Err("mod_test panicked: in path".to_owned()));
        assert_eq!(wait(store.find(&root, Links::Keep)).err().map(said).as_deref(), Some("mod_test panicked: in find"));
        assert_eq!(wait(store.name(&root)).map_err(said), Err("mod_test panicked: in name".to_owned()));
        drop(store.enter(at()));
        assert_eq!(wait(store.enter(at())).map_err(said), Err("mod_test panicked: in enter".to_owned()));
        let mut listing = wait(store.list(at())).map_err(said).unwrap();
        assert_eq!(wait(listing.next()).err().map(said).as_deref(), Some("mod_test panicked: in next"));
    }

    #[test]
    fn what_a_store_cannot_do_it_refuses_in_words() {
        let refused = wait(Faulty.set_mode(Judged::by_the_gate(VirtualPath::root()), 0o644)).unwrap_err();
        assert_eq!((refused.kind(), refused.text()), (crate::ErrorKind::Unsupported, "Operation not supported"));
    }
}
