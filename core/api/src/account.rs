//! The account that a session gets when its client logs in.

use std::path::PathBuf;

use crate::guard::Output;

/// A group of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
}

/// What an authenticator knows about a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name, after any rewriting or alias.
    pub name: String,
    /// The user id for file access.
    pub uid: u32,
    /// The primary group id.
    pub gid: u32,
    /// All supplementary groups; none are inherited from the daemon.
    pub groups: Vec<Group>,
    /// The home directory, a path on the host.
    pub home: PathBuf,
    /// The login shell; empty if there is none.
    pub shell: String,
    /// The password hash, for the authenticator that found the account.
    pub secret: Option<String>,
}

impl Output for Account {}
