//! The folders and files by path.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use gantry_api::VirtualPath;
use gantry_api::files::{DirectoryEntry, Kind, Metadata, Target};
use gantry_api::prelude::*;

/// A file or folder.
#[derive(Clone)]
pub(crate) struct Node {
    /// Its number, which identifies a file across names.
    pub(crate) number: u64,
    /// Last modification, Unix seconds.
    pub(crate) modified: i64,
    /// A file's bytes; `None` for a folder.
    pub(crate) bytes: Option<Arc<Vec<u8>>>,
}

impl Node {
    /// Its metadata for FTP.
    pub(crate) fn metadata(&self) -> Metadata {
        let (kind, mode) = match self.bytes {
            Some(_) => (Kind::File, 0o666),
            None => (Kind::Directory, 0o777),
        };
        let size = self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let (modified, inode) = (self.modified, self.number);
        Metadata { kind, mode, links: 1, uid: 0, gid: 0, size, modified, device: 0, inode }
    }
}

/// All files and folders. The root always exists.
pub(crate) struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
    last_number: u64,
    /// The size of all files in bytes, and the maximum.
    used: u64,
    most: u64,
}

/// The tree, shared by everything that uses it.
#[derive(Clone)]
pub(crate) struct SharedTree(Arc<Mutex<Tree>>);

impl SharedTree {
    /// An empty tree with room for this many bytes.
    pub(crate) fn new(most: u64) -> Self {
        let root = Node { number: 1, modified: now(), bytes: None };
        let nodes = BTreeMap::from([(b"/".to_vec(), root)]);
        Self(Arc::new(Mutex::new(Tree { nodes, last_number: 1, used: 0, most })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tree {
    /// The file or folder at a path.
    pub(crate) fn find(&self, path: &VirtualPath) -> Option<&Node> {
        self.nodes.get(path.as_bytes())
    }

    /// Checks that a name can be created, removed or renamed there: its parent must be a folder.
    pub(crate) fn check_name(&self, path: &VirtualPath) -> Result<()> {
        match self.find(&path.parent()) {
            _ if path.is_root() => Err(Error::of(ErrorKind::Busy)),
            None => Err(Error::of(ErrorKind::NotFound)),
            Some(Node { bytes: Some(_), .. }) => Err(Error::of(ErrorKind::NotDirectory)),
            Some(_) => Ok(()),
        }
    }

    /// A number for a new file or folder.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number = self.last_number.saturating_add(1);
        self.last_number
    }

    /// Creates a folder, or a file with these bytes. If the name is taken, `replaced` must be the
    /// number of its file.
    pub(crate) fn put(&mut self, path: &VirtualPath, node: Node, replaced: Option<u64>) -> Result<()> {
        self.check_name(path)?;
        let before = self.nodes.get(path.as_bytes());
        if before.is_some_and(|before| Some(before.number) != replaced) {
            return Err(Error::of(ErrorKind::Exists));
        }
        let (gone, new) = (before.map_or(0, |before| before.metadata().size), node.metadata().size);
        let used = self.used.saturating_sub(gone).saturating_add(new);
        if new > gone && used > self.most {
            return Err(Error::of(ErrorKind::Full));
        }
        self.used = used;
        self.nodes.insert(path.as_bytes().to_vec(), node);
        Ok(())
    }

    /// Removes a folder or a file.
    pub(crate) fn remove(&mut self, path: &VirtualPath, kind: Kind) -> Result<()> {
        self.check_name(path)?;
        let Some(found) = self.find(path) else { return Err(Error::of(ErrorKind::NotFound)) };
        match (kind, found.metadata().kind) {
            (Kind::Directory, Kind::File) => return Err(Error::of(ErrorKind::NotDirectory)),
            (Kind::File, Kind::Directory) => return Err(Error::of(ErrorKind::IsDirectory)),
            (Kind::Directory, _) if self.below(path).next().is_some() => return Err(Error::of(ErrorKind::NotEmpty)),
            _ => {}
        }
        self.used = self.used.saturating_sub(found.metadata().size);
        self.nodes.remove(path.as_bytes());
        Ok(())
    }

    /// Renames a file or folder, with everything below it.
    pub(crate) fn rename(&mut self, from: &VirtualPath, to: &VirtualPath, target: Target) -> Result<()> {
        self.check_name(from)?;
        self.check_name(to)?;
        let Some(found) = self.find(from).cloned() else { return Err(Error::of(ErrorKind::NotFound)) };
        if from == to {
            return Ok(());
        }
        if to.as_bytes().starts_with(&prefix(from)) {
            return Err(Error::of(ErrorKind::Invalid));
        }
        match self.find(to).cloned() {
            None => {}
            Some(there) if target == Target::Replace && there.bytes.is_some() && found.bytes.is_some() => {
                self.remove(to, Kind::File)?;
            }
            Some(_) => return Err(Error::of(ErrorKind::Exists)),
        }
        let inner: Vec<Vec<u8>> = self.below(from).map(|(path, _)| path.clone()).collect();
        for old in std::iter::once(from.as_bytes().to_vec()).chain(inner) {
            let rest = old.get(from.as_bytes().len()..).unwrap_or_default();
            let new = [to.as_bytes(), rest].concat();
            if let Some(node) = self.nodes.remove(&old) {
                self.nodes.insert(new, node);
            }
        }
        Ok(())
    }

    /// Sets the time of last modification.
    pub(crate) fn touch(&mut self, path: &VirtualPath, time: i64) -> Result<()> {
        let node = self.nodes.get_mut(path.as_bytes());
        node.map(|node| node.modified = time).ok_or_else(|| Error::of(ErrorKind::NotFound))
    }

    /// Appends to a file.
    pub(crate) fn append(&mut self, path: &VirtualPath, number: u64, more: &[u8]) -> Result<()> {
        let used = self.used.saturating_add(more.len() as u64);
        if used > self.most {
            return Err(Error::of(ErrorKind::Full));
        }
        let node = self.nodes.get_mut(path.as_bytes()).filter(|node| node.number == number);
        let Some(Node { bytes: Some(bytes), modified, .. }) = node else { return Err(Error::of(ErrorKind::NotFound)) };
        Arc::make_mut(bytes).extend_from_slice(more);
        *modified = now();
        self.used = used;
        Ok(())
    }

    /// Whether there is room for a file of this size.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.used.saturating_add(bytes) <= self.most
    }

    /// The names in a folder.
    pub(crate) fn names(&self, folder: &VirtualPath) -> Vec<DirectoryEntry> {
        let start = prefix(folder).len();
        let inner = self.below(folder).filter_map(|(path, node)| Some((path.get(start..)?, node)));
        let inner = inner.filter(|(name, _)| !name.contains(&b'/'));
        inner
            .map(|(name, node)| DirectoryEntry { name: name.to_vec(), metadata: node.metadata(), target: None })
            .collect()
    }

    fn below(&self, folder: &VirtualPath) -> impl Iterator<Item = (&Vec<u8>, &Node)> {
        let prefix = prefix(folder);
        let after = self.nodes.range((Bound::Excluded(prefix.clone()), Bound::Unbounded));
        after.take_while(move |(path, _)| path.starts_with(&prefix))
    }
}

/// The prefix of all paths in a folder.
fn prefix(folder: &VirtualPath) -> Vec<u8> {
    let mut prefix = folder.as_bytes().to_vec();
    if !folder.is_root() {
        prefix.push(b'/');
    }
    prefix
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
