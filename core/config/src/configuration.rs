//! The result of reading a configuration: its servers with their merged scopes. It never
//! changes afterwards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::class::Class;
use crate::directories::{Directories, Directory};
use crate::error::Notice;
use crate::layers::Layers;
use crate::personal::Personal;
use crate::position::Position;
use crate::scope::Scope;
use crate::texts::Texts;
use crate::tree::Node;

/// A complete configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The main server, then each `<VirtualHost>` in order; never empty.
    pub servers: Vec<Server>,
    /// The `<Class>` sections, in order: see [`crate::class_of`].
    pub classes: Vec<Class>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
    /// Notices for the log.
    pub notices: Vec<Notice>,
    /// The tree, for checks and listings.
    pub tree: Vec<Node>,
    /// All texts that were read, to read them again unchanged.
    pub texts: Arc<Texts>,
}

/// One server. A `<VirtualHost>` inherits from `<Global>`, not from the main
/// server.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// The addresses of `<VirtualHost>`; empty for the main server.
    pub addresses: Vec<String>,
    /// The layers of its scope.
    pub layers: Layers,
    /// Its scope.
    pub scope: Scope,
    /// Its `<Directory>` sections, those of `<Global>` first.
    pub directories: Directories,
    /// Its `<Anonymous>` sections, those of `<Global>` first.
    pub anonymous: Vec<Anonymous>,
    /// Its sections for users, groups and classes, those of `<Global>` first.
    pub personal: Vec<Personal>,
    /// Where it begins.
    pub position: Position,
}

impl Server {
    /// The innermost `<Directory>` for a resolved path, without those that depend on
    /// the user: see `Directories::table`.
    pub fn directory_for(&self, real_path: &Path) -> Option<&Directory> {
        self.directories.find(real_path)
    }
}

/// An `<Anonymous>` section.
#[derive(Debug, Clone, PartialEq)]
pub struct Anonymous {
    /// Its root, as written: `~ftp`, `/srv/ftp`.
    pub path: String,
    /// The layers of its scope.
    pub layers: Layers,
    /// Its scope: the server's settings, then its own.
    pub scope: Scope,
    /// Its `<Directory>` sections; relative paths begin at its root.
    pub directories: Directories,
    /// Its place.
    pub position: Position,
}
