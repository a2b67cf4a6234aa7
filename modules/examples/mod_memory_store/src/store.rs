//! The store behind the server's gate. Its places are paths: there are no links, so a path always
//! means the same.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use gantry_api::files::{DirectoryEntry, File, Kind, Links, Listing, OpenFile, Target};
use gantry_api::prelude::*;
use gantry_api::store::{Access, ApprovedPlace, Found, Store};
use gantry_api::{Promise, VirtualPath};

use crate::file::MemoryFile;
use crate::tree::{Node, SharedTree, now};

/// The number of names that a listing returns at a time.
const BATCH: usize = 500;

/// Files in memory.
pub(crate) struct Memory {
    tree: SharedTree,
}

impl Memory {
    /// With room for this many bytes.
    pub(crate) fn new(most: u64) -> Self {
        Self { tree: SharedTree::new(most) }
    }
}

/// This store does not support SITE CHMOD, so `set_mode` is not overridden.
impl Store for Memory {
    type Place = VirtualPath;

    fn path(&self, place: &VirtualPath) -> Result<PathBuf> {
        Ok(OsStr::from_bytes(place.as_bytes()).into())
    }

    fn find(&self, path: &VirtualPath, _: Links) -> Promise<'_, Option<Found<VirtualPath>>> {
        let found = self.tree.lock().find(path).map(Node::metadata);
        Promise::now(Ok(found.map(|metadata| Found { place: path.clone(), metadata })))
    }

    fn name(&self, path: &VirtualPath) -> Promise<'_, VirtualPath> {
        Promise::now(self.tree.lock().check_name(path).map(|()| path.clone()))
    }

    fn enter(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, ()> {
        Promise::now(self.folder(&at.into_place()))
    }

    fn open(&self, at: ApprovedPlace<VirtualPath>, access: Access) -> Promise<'_, Box<dyn File>> {
        let path = at.into_place();
        let node = self.tree.lock().find(&path).cloned().ok_or_else(|| Error::of(ErrorKind::NotFound));
        Promise::now(
            node.map(|node| -> Box<dyn File> { Box::new(MemoryFile::new(self.tree.clone(), path, node, access)) }),
        )
    }

    fn list(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, Box<dyn Listing>> {
        let path = at.into_place();
        let names = self.folder(&path).map(|()| self.tree.lock().names(&path));
        Promise::now(names.map(|names| Box::new(Names(names)) as Box<dyn Listing>))
    }

    fn create(&self, at: ApprovedPlace<VirtualPath>, access: Access, _mode: u32) -> Promise<'_, Option<OpenFile>> {
        let path = at.into_place();
        let mut tree = self.tree.lock();
        if tree.find(&path).is_some() {
            return Promise::now(Ok(None));
        }
        let node = Node { number: tree.next_number(), modified: now(), bytes: Some(Default::default()) };
        // A file for appending is in the tree from the start; an upload only when it is complete.
        let put = if access == Access::Append { tree.put(&path, node.clone(), None) } else { Ok(()) };
        Promise::now(put.map(|()| {
            let metadata = node.metadata();
            let file = MemoryFile::new(self.tree.clone(), path, node, access).unfinished();
            Some(OpenFile { file: Box::new(file), metadata })
        }))
    }

    fn create_directory(&self, at: ApprovedPlace<VirtualPath>, _mode: u32) -> Promise<'_, ()> {
        let mut tree = self.tree.lock();
        let node = Node { number: tree.next_number(), modified: now(), bytes: None };
        Promise::now(tree.put(&at.into_place(), node, None))
    }

    fn remove_directory(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, ()> {
        Promise::now(self.tree.lock().remove(&at.into_place(), Kind::Directory))
    }

    fn remove_file(&self, at: ApprovedPlace<VirtualPath>) -> Promise<'_, ()> {
        Promise::now(self.tree.lock().remove(&at.into_place(), Kind::File))
    }

    fn rename(
        &self,
        from: ApprovedPlace<VirtualPath>,
        to: ApprovedPlace<VirtualPath>,
        target: Target,
    ) -> Promise<'_, ()> {
        Promise::now(self.tree.lock().rename(&from.into_place(), &to.into_place(), target))
    }

    fn set_modified(&self, at: ApprovedPlace<VirtualPath>, time: i64) -> Promise<'_, ()> {
        Promise::now(self.tree.lock().touch(&at.into_place(), time))
    }
}

impl Memory {
    fn folder(&self, path: &VirtualPath) -> Result<()> {
        match self.tree.lock().find(path) {
            None => Err(Error::of(ErrorKind::NotFound)),
            Some(Node { bytes: Some(_), .. }) => Err(Error::of(ErrorKind::NotDirectory)),
            Some(_) => Ok(()),
        }
    }
}

/// The names in a folder that have not been returned yet.
struct Names(Vec<DirectoryEntry>);

impl Listing for Names {
    fn next(&mut self) -> Promise<'_, Vec<DirectoryEntry>> {
        let rest = self.0.split_off(self.0.len().min(BATCH));
        Promise::now(Ok(std::mem::replace(&mut self.0, rest)))
    }
}
