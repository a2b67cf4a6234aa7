//! One server of a generation.

use std::fmt;
use std::sync::Arc;

use gantry_api::ServerId;
use gantry_config::Directories;

use crate::generation::scope::ScopeId;
use crate::settings::Port;

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
    /// By what it is the same in other generations.
    pub key: Arc<ServerKey>,
}

/// By what a server is the same in several generations, whatever its place and its
/// name there: sessions are counted by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerKey {
    /// The main server.
    Main,
    /// A `<VirtualHost>`.
    Host {
        /// What it names.
        addresses: Vec<String>,
        /// Its port.
        port: Port,
        /// How many of the same come before it.
        before: usize,
    },
}

impl ServerKey {
    /// That of a server which comes behind some others.
    pub fn new(id: ServerId, addresses: &[String], port: Port, others: &[Server]) -> Self {
        if id == ServerId(0) {
            return Self::Main;
        }
        let same = |server: &&Server| match &*server.key {
            Self::Main => false,
            Self::Host { addresses: others, port: other, .. } => others == addresses && *other == port,
        };
        Self::Host { addresses: addresses.to_vec(), port, before: others.iter().filter(same).count() }
    }
}

/// One word, another one for each key.
impl fmt::Display for ServerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => out.write_str("main"),
            Self::Host { addresses, port, before } => write!(out, "{}#{port:?}#{before}", addresses.join(",")),
        }
    }
}
