//! Which files a client transfers, where and how.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::sample::Tree;

/// How a data connection is opened.
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

/// The server and the login for a client.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// How data connections are opened, if the client can be configured.
    pub mode: Mode,
}

impl Target {
    /// The same with another mode.
    #[must_use]
    pub fn with(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// Where a transfer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the beginning of the file.
    Start,
    /// At the end of the receiving side's part, with REST or APPE.
    WhatIsThere,
}

/// One file to transfer.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its absolute local path.
    pub local: PathBuf,
    /// Its path on the server, from the user's root, without a leading slash.
    pub remote: String,
    /// Where the transfer starts.
    pub from: From,
}

impl Job {
    /// A whole file.
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
