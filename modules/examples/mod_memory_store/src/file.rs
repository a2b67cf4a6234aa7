//! An open file. Uploaded data is kept apart until it is complete: an aborted transfer leaves the
//! old contents.

use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::files::{File, Metadata};
use gantry_api::prelude::*;
use gantry_api::store::Access;
use gantry_api::{Promise, VirtualPath};

use crate::tree::{Node, SharedTree, now};

/// An open file.
pub(crate) struct MemoryFile {
    tree: SharedTree,
    path: VirtualPath,
    access: Access,
    /// The file as this handle sees it.
    node: Mutex<Node>,
    /// Whether it is not in the tree yet.
    is_new: bool,
}

impl MemoryFile {
    /// A file that is in the tree.
    pub(crate) fn new(tree: SharedTree, path: VirtualPath, node: Node, access: Access) -> Self {
        Self { tree, path, access, node: Mutex::new(node), is_new: false }
    }

    /// A file that was just created. If it is opened for appending, it is in the tree already.
    pub(crate) fn unfinished(mut self) -> Self {
        self.is_new = self.access != Access::Append;
        self
    }

    fn node(&self) -> Node {
        let node = self.node.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let tree = self.tree.lock();
        // Other handles may have appended to it.
        let there = tree.find(&self.path).filter(|there| self.access == Access::Append && there.number == node.number);
        there.cloned().unwrap_or(node)
    }

    /// Changes the bytes to a new length of `length`, if there is room.
    fn change(&self, length: usize, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let mut node = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = node.bytes.get_or_insert_default();
        if length > bytes.len() && !self.tree.lock().has_room(length as u64) {
            return Err(Error::of(ErrorKind::Full));
        }
        change(Arc::make_mut(bytes));
        node.modified = now();
        Ok(())
    }
}

impl File for MemoryFile {
    fn metadata(&self) -> Promise<'_, Metadata> {
        Promise::now(Ok(self.node().metadata()))
    }

    fn read_at(&self, offset: u64, most: usize) -> Promise<'_, Vec<u8>> {
        let bytes = self.node().bytes.unwrap_or_default();
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
        Promise::now(Ok(rest.get(..most).unwrap_or(rest).to_vec()))
    }

    fn write_at(&self, offset: u64, bytes: Vec<u8>) -> Promise<'_, ()> {
        if self.access == Access::Append {
            let number = self.node().number;
            return Promise::now(self.tree.lock().append(&self.path, number, &bytes));
        }
        let start = usize::try_from(offset).ok();
        let Some((start, end)) = start.and_then(|start| Some((start, start.checked_add(bytes.len())?))) else {
            return Promise::now(Err(Error::of(ErrorKind::Full)));
        };
        Promise::now(self.change(end, |all| {
            if all.len() < end {
                all.resize(end, 0);
            }
            if let Some(part) = all.get_mut(start..end) {
                part.copy_from_slice(&bytes);
            }
        }))
    }

    fn truncate(&self, length: u64) -> Promise<'_, ()> {
        let length = usize::try_from(length).map_err(|_| Error::of(ErrorKind::Full));
        Promise::now(length.and_then(|length| self.change(length, |all| all.resize(length, 0))))
    }

    /// Puts the new contents into the tree. A remote store would wait here.
    fn finish(&self) -> Promise<'_, ()> {
        Promise::later(async move {
            if self.access != Access::Write {
                return Ok(());
            }
            let node = self.node();
            let replaced = (!self.is_new).then_some(node.number);
            self.tree.lock().put(&self.path, node, replaced)
        })
    }
}
