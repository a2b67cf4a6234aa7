//! What only root may do to files. The daemon has given that up; the keeper does it.

use std::os::fd::OwnedFd;

use gantry_api::{Result, async_trait};
use gantry_sys::home::NewHome;

/// Whom new files and directories are given to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewOwners {
    /// The user; `None` for the session's own.
    pub user: Option<u32>,
    /// The group; `None` for the one that the system chooses.
    pub group: Option<u32>,
}

impl NewOwners {
    /// Whether nothing is given away.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Does for sessions what only root may do.
#[async_trait]
pub trait Privileged: Send + Sync {
    /// Whether it is root; it can do nothing of this otherwise.
    fn is_root(&self) -> bool;

    /// Gives an open file or directory to another user, group or both.
    async fn give(&self, thing: OwnedFd, owners: NewOwners) -> Result<()>;

    /// Makes a home directory, unless there is one.
    async fn create_home(&self, home: NewHome) -> Result<()>;
}

/// Nobody who could, for sessions without a daemon.
#[cfg(any(test, feature = "bench"))]
pub struct Unprivileged;

#[cfg(any(test, feature = "bench"))]
#[async_trait]
impl Privileged for Unprivileged {
    fn is_root(&self) -> bool {
        false
    }

    async fn give(&self, _: OwnedFd, _: NewOwners) -> Result<()> {
        Err(gantry_api::Error::of(gantry_api::ErrorKind::Unsupported))
    }

    async fn create_home(&self, _: NewHome) -> Result<()> {
        Err(gantry_api::Error::of(gantry_api::ErrorKind::Unsupported))
    }
}
