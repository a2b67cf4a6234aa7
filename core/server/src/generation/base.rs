//! What a session stands on: the scope that holds throughout it, and the
//! `<Directory>` sections in that scope.

use std::path::Path;
use std::sync::Arc;

use gantry_api::ServerId;
use gantry_config::{Directories, DirectoryTable, Layers};

use crate::generation::held::Held;

/// What a session stands on: a server, or an `<Anonymous>` of one.
pub struct Base {
    /// The server.
    pub server: ServerId,
    /// What holds throughout the session.
    pub own: Spot,
    /// The sections for folders.
    pub directories: Directories,
    /// What holds in each.
    pub inner: Vec<Spot>,
    /// Whether AllowOverride is on in any of its scopes.
    pub reads_files: bool,
}

/// What holds in one place, and what it is made of.
#[derive(Clone)]
pub struct Spot {
    /// What holds.
    pub held: Held,
    /// The layers that make it.
    pub layers: Layers,
}

impl Base {
    /// Whether it depends on the path what holds: there are sections for folders, or
    /// `.ftpaccess` files are read.
    pub fn depends_on_path(&self) -> bool {
        self.reads_files || !self.inner.is_empty()
    }
}

/// The folders of a base as they lie for one who has logged in.
pub struct Folders {
    /// The base.
    pub base: Arc<Base>,
    pub(super) table: Arc<DirectoryTable>,
    /// What holds in each section, where that is not the same for everybody.
    pub(super) placed: Option<Vec<Spot>>,
}

impl Folders {
    /// What the configuration says of a path of the host.
    pub fn at(&self, path: &Path) -> &Spot {
        let sections = self.placed.as_ref().unwrap_or(&self.base.inner);
        let found = self.table.find(path).and_then(|at| sections.get(at));
        found.unwrap_or(&self.base.own)
    }
}
