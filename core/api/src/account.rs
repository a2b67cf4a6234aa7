//! Who a session is: the account that a login leads to.

use std::path::PathBuf;

use crate::guard::Output;

/// A group that an account is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
}

/// What an authenticator knows of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name after any rewriting or alias.
    pub name: String,
    /// The user id under which files are touched.
    pub uid: u32,
    /// The primary group id.
    pub gid: u32,
    /// The supplementary groups: all of them, none is inherited.
    pub groups: Vec<Group>,
    /// The home folder, a path of the host.
    pub home: PathBuf,
    /// The login shell; empty where there is none.
    pub shell: String,
    /// The password's hash, for the authenticator that found the account.
    pub secret: Option<String>,
}

impl Output for Account {}
