//! A store holds a session's files. The server provides one, the host's file system; modules may
//! publish others. A store knows nothing of policy: the server's gate checks each place before the
//! store acts on it. A path is resolved once, to a pinned place, and that place is both checked and
//! acted on, no matter what happens to the path meanwhile.

use std::path::PathBuf;

use crate::error::{Error, ErrorKind, Result};
use crate::files::{File, Links, Listing, Metadata, OpenFile, Target};
use crate::guard::{Guarded, Output};
use crate::path::VirtualPath;
use crate::promise::Promise;

/// The access to an existing file. Opening for writing changes nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read it.
    Read,
    /// To write it at any offset.
    Write,
    /// To write after its end.
    Append,
}

/// The target of a path.
#[derive(Debug, Clone)]
pub struct Found<P> {
    /// The pinned place.
    pub place: P,
    /// Its metadata.
    pub metadata: Metadata,
}

/// A place that the gate has approved for one operation. Only the gate makes one.
#[derive(Debug)]
pub struct ApprovedPlace<P>(P);

impl<P> ApprovedPlace<P> {
    /// Only for the server's gate, after its check.
    #[doc(hidden)]
    pub fn by_the_gate(place: P) -> Self {
        Self(place)
    }

    /// The place, to look at.
    pub fn place(&self) -> &P {
        &self.0
    }

    /// The place.
    pub fn into_place(self) -> P {
        self.0
    }
}

/// Holds files. `find` and `name` take a path: they pin its target and change nothing. All other
/// operations need an approved place. Methods with a default body refuse; a store overrides those
/// that it supports.
///
/// A module's store pins a place by its path: `Store<Place = VirtualPath>`.
pub trait Store: Send + Sync {
    /// A pinned thing, or a pinned name in a directory. It stays the same whatever its path leads
    /// to later.
    type Place: Send + Sync + 'static;

    /// The path by which the gate finds the `<Directory>` sections for a place. It must not wait.
    fn path(&self, place: &Self::Place) -> Result<PathBuf>;

    /// A path as logs show it.
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        path.as_bytes().to_vec()
    }

    /// Finds the target of a path; `None` if there is nothing.
    fn find(&self, path: &VirtualPath, links: Links) -> Promise<'_, Option<Found<Self::Place>>>;

    /// Pins the name at the end of a path in its directory, whether it exists or not; a link is not
    /// followed.
    fn name(&self, path: &VirtualPath) -> Promise<'_, Self::Place>;

    /// Checks that a directory may be entered; an error if it is not a directory.
    fn enter(&self, at: ApprovedPlace<Self::Place>) -> Promise<'_, ()>;

    /// Opens a regular file; the gate has checked that it is one.
    fn open(&self, at: ApprovedPlace<Self::Place>, access: Access) -> Promise<'_, Box<dyn File>>;

    /// Begins to list a directory.
    fn list(&self, at: ApprovedPlace<Self::Place>) -> Promise<'_, Box<dyn Listing>>;

    /// Creates and opens a new file; `None` if the name is taken.
    fn create(&self, _at: ApprovedPlace<Self::Place>, _access: Access, _mode: u32) -> Promise<'_, Option<OpenFile>> {
        unsupported()
    }

    /// Makes a directory.
    fn create_directory(&self, _at: ApprovedPlace<Self::Place>, _mode: u32) -> Promise<'_, ()> {
        unsupported()
    }

    /// Removes an empty directory.
    fn remove_directory(&self, _at: ApprovedPlace<Self::Place>) -> Promise<'_, ()> {
        unsupported()
    }

    /// Removes anything but a directory.
    fn remove_file(&self, _at: ApprovedPlace<Self::Place>) -> Promise<'_, ()> {
        unsupported()
    }

    /// Renames.
    fn rename(
        &self,
        _from: ApprovedPlace<Self::Place>,
        _to: ApprovedPlace<Self::Place>,
        _target: Target,
    ) -> Promise<'_, ()> {
        unsupported()
    }

    /// Sets the time of last modification, Unix seconds.
    fn set_modified(&self, _at: ApprovedPlace<Self::Place>, _time: i64) -> Promise<'_, ()> {
        unsupported()
    }

    /// Sets permission bits.
    fn set_mode(&self, _at: ApprovedPlace<Self::Place>, _mode: u32) -> Promise<'_, ()> {
        unsupported()
    }

    /// Sets the group.
    fn set_group(&self, _at: ApprovedPlace<Self::Place>, _gid: u32) -> Promise<'_, ()> {
        unsupported()
    }

    /// The text of a link.
    fn link_text(&self, _at: ApprovedPlace<Self::Place>) -> Promise<'_, Vec<u8>> {
        unsupported()
    }
}

/// A module's store, guarded in its image.
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

    fn enter(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().enter(at))
    }

    fn open(&self, at: ApprovedPlace<VirtualPath>, access: Access) -> Promise<'_, Box<dyn File>> {
        self.home().at_once(|| self.value().open(at, access))
    }

    fn list(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, Box<dyn Listing>> {
        self.home().at_once(|| self.value().list(at))
    }

    fn create(&self, at: ApprovedPlace<VirtualPath>, access: Access, mode: u32) -> Promise<'_, Option<OpenFile>> {
        self.home().at_once(|| self.value().create(at, access, mode))
    }

    fn create_directory(&self, at: ApprovedPlace<VirtualPath>, mode: u32) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().create_directory(at, mode))
    }

    fn remove_directory(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().remove_directory(at))
    }

    fn remove_file(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().remove_file(at))
    }

    fn rename(
        &self,
        from: ApprovedPlace<VirtualPath>,
        to: ApprovedPlace<VirtualPath>,
        target: Target,
    ) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().rename(from, to, target))
    }

    fn set_modified(&self, at: ApprovedPlace<VirtualPath>, time: i64) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().set_modified(at, time))
    }

    fn set_mode(&self, at: ApprovedPlace<VirtualPath>, mode: u32) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().set_mode(at, mode))
    }

    fn set_group(&self, at: ApprovedPlace<VirtualPath>, gid: u32) -> Promise<'_, ()> {
        self.home().at_once(|| self.value().set_group(at, gid))
    }

    fn link_text(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, Vec<u8>> {
        self.home().at_once(|| self.value().link_text(at))
    }
}

impl Output for PathBuf {}

impl Output for VirtualPath {}

impl<P> Output for Found<P> {}

/// Refuses an operation that a store does not support.
pub fn unsupported<'a, T: Send + 'a>() -> Promise<'a, T> {
    Promise::now(Err(Error::of(ErrorKind::Unsupported)))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::files::DirectoryEntry;
    use crate::guard::Home;

    /// Panics in every method.
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

        fn enter(&self, _: ApprovedPlace<VirtualPath>) -> Promise<'_, ()> {
            Promise::later(async { panic!("in enter") })
        }

        fn open(&self, _: ApprovedPlace<VirtualPath>, _: Access) -> Promise<'_, Box<dyn File>> {
            unsupported()
        }

        fn list(&self, _: ApprovedPlace<VirtualPath>) -> Promise<'_, Box<dyn Listing>> {
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
        let (root, at) = (VirtualPath::root(), || ApprovedPlace::by_the_gate(VirtualPath::root()));
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
        let refused = wait(Faulty.set_mode(ApprovedPlace::by_the_gate(VirtualPath::root()), 0o644)).unwrap_err();
        assert_eq!((refused.kind(), refused.text()), (crate::ErrorKind::Unsupported, "Operation not supported"));
    }
}
