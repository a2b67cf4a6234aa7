//! What a client is to carry, where to and how.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::sample::Tree;

/// How a data connection comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// PASV.
    Passive,
    /// EPSV.
    ExtendedPassive,
    /// PORT.
    Active,
    /// EPRT.
    ExtendedActive,
}

impl Mode {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Passive, Self::ExtendedPassive, Self::Active, Self::ExtendedActive];

    /// Whether the client connects.
    pub fn is_passive(self) -> bool {
        matches!(self, Self::Passive | Self::ExtendedPassive)
    }
}

/// Where a client goes, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// How data connections come about, as far as the client lets one choose.
    pub mode: Mode,
}

impl Target {
    /// The same with another way to data connections.
    #[must_use]
    pub fn with(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// Whether a transfer begins at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// All of the file.
    Start,
    /// What the receiving side lacks, by REST or APPE.
    WhatIsThere,
}

/// One file to carry.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its absolute path on this side.
    pub local: PathBuf,
    /// Its path on the server, from the user's root, without a leading slash.
    pub remote: String,
    /// From where on.
    pub from: From,
}

impl Job {
    /// All of a file.
    pub fn whole(local: impl Into<PathBuf>, remote: impl Into<String>) -> Self {
        Self { local: local.into(), remote: remote.into(), from: From::Start }
    }

    /// The rest of a file.
    pub fn rest(local: impl Into<PathBuf>, remote: impl Into<String>) -> Self {
        Self { local: local.into(), remote: remote.into(), from: From::WhatIsThere }
    }
}

/// The jobs of a whole tree.
pub(super) fn jobs_of(tree: &Tree, local: &Path, remote: &str) -> Vec<Job> {
    tree.files.iter().map(|name| Job::whole(local.join(name), format!("{remote}/{name}"))).collect()
}
