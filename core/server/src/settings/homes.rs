//! The value of CreateHome, which mod_auth declares.

use std::path::PathBuf;

use serde::Deserialize;

/// How home directories are made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CreateHome {
    /// The home's permission bits.
    pub mode: u32,
    /// The permission bits of directories above it.
    pub parent_mode: u32,
    /// The directory whose files it gets.
    pub skeleton: Option<PathBuf>,
    /// The owner of directories above it; none for the user.
    pub parent_user: Option<u32>,
    /// Their group; none for the user's own.
    pub parent_group: Option<u32>,
    /// The home's group; none for the user's own.
    pub home_group: Option<u32>,
    /// Whether the user's own rights make it, not root's.
    pub as_user: bool,
}
