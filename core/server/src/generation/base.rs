//! A session's base: the scope that applies to all of it, and the `<Directory>` sections in that
//! scope.

use std::path::Path;
use std::sync::Arc;

use gantry_api::{Error, ErrorKind, Result, ServerId};
use gantry_config::{Directories, DirectoryTable, Layers};

use crate::generation::held::ScopeHandle;

/// A session's base: a server, or one of its `<Anonymous>` sections.
pub struct Base {
    /// The server.
    pub server: ServerId,
    /// The scope for the whole session.
    pub own: Spot,
    /// The sections for folders.
    pub directories: Directories,
    /// The scope of each section.
    pub inner: Vec<Spot>,
    /// Whether any of its scopes has AllowOverride on.
    pub reads_files: bool,
}

/// A scope, and the layers that it is made of.
#[derive(Clone)]
pub struct Spot {
    /// The scope.
    pub held: ScopeHandle,
    /// Its layers.
    pub layers: Layers,
}

impl Base {
    /// Whether the scope depends on the path: there are sections for folders, or `.ftpaccess` files
    /// are read.
    pub fn depends_on_path(&self) -> bool {
        self.reads_files || !self.inner.is_empty()
    }
}

/// The folders of a base for one logged-in user.
pub struct Folders {
    /// The base.
    pub base: Arc<Base>,
    pub(super) table: Arc<DirectoryTable>,
    /// The scope of each section, if it is not the same for everybody.
    pub(super) placed: Option<Vec<Spot>>,
}

impl Folders {
    /// What the configuration says of a path of the host.
    ///
    /// # Errors
    /// `Denied` where a section may be, and nobody can tell.
    pub fn at(&self, path: &Path) -> Result<&Spot> {
        if self.table.refuses(path) {
            return Err(Error::of(ErrorKind::Denied));
        }
        let sections = self.placed.as_ref().unwrap_or(&self.base.inner);
        match self.table.find(path) {
            None => Ok(&self.base.own),
            Some(at) => sections.get(at).ok_or_else(|| Error::system("a section that the base does not have")),
        }
    }

    /// Whether a section would no longer cover its folder if `from`, which is a folder
    /// or not, were renamed to `to`, or removed.
    pub fn loses(&self, from: &Path, to: Option<&Path>, is_folder: bool) -> bool {
        self.table.loses(from, to, is_folder)
    }
}
