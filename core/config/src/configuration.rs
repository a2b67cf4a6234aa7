//! What reading a configuration gives: its servers, each with its scopes,
//! merged. Immutable from here on.

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

/// A whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The main server, then each `<VirtualHost>` in order; never empty.
    pub servers: Vec<Server>,
    /// The `<Class>` sections, in order: see [`crate::class_of`].
    pub classes: Vec<Class>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
    /// What is worth a line in the log.
    pub notices: Vec<Notice>,
    /// The tree behind it all, for checks and listings.
    pub tree: Vec<Node>,
    /// All that was read, to be read once more as it was.
    pub texts: Arc<Texts>,
}

/// One server. A `<VirtualHost>` inherits from `<Global>`, not from the main
/// server.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// What `<VirtualHost>` names; empty for the main server.
    pub addresses: Vec<String>,
    /// Those that make its scope.
    pub layers: Layers,
    /// What holds in it.
    pub scope: Scope,
    /// Its `<Directory>` sections, those of `<Global>` first.
    pub directories: Directories,
    /// Its `<Anonymous>` sections, those of `<Global>` first.
    pub anonymous: Vec<Anonymous>,
    /// Its sections that wait for a person, those of `<Global>` first.
    pub personal: Vec<Personal>,
    /// Where it begins.
    pub position: Position,
}

impl Server {
    /// The closest `<Directory>` to a real path; of those that depend on who
    /// logs in, none: see [`Directories::table`].
    pub fn directory_for(&self, real_path: &Path) -> Option<&Directory> {
        self.directories.find(real_path)
    }
}

/// An `<Anonymous>` section.
#[derive(Debug, Clone, PartialEq)]
pub struct Anonymous {
    /// Its root, as written: `~ftp`, `/srv/ftp`.
    pub path: String,
    /// Those that make its scope.
    pub layers: Layers,
    /// What holds in it: the server's settings, then its own.
    pub scope: Scope,
    /// Its `<Directory>` sections; relative paths begin at its root.
    pub directories: Directories,
    /// Where it stands.
    pub position: Position,
}
