//! One server of a generation.

use std::sync::Arc;

use gantry_config::Directories;

use crate::generation::scope::ScopeId;

/// One server of the configuration.
pub struct Server {
    /// Its scope.
    pub scope: ScopeId,
    /// Its name, for greeting and logs.
    pub name: Arc<str>,
    /// What `<VirtualHost>` names; empty for the main server.
    pub addresses: Vec<String>,
    /// Its `<Directory>` sections.
    pub directories: Directories,
    /// The scope of each.
    pub directory_scopes: Vec<ScopeId>,
    /// Whether AllowOverride is on in any of its scopes.
    pub reads_files: bool,
}
