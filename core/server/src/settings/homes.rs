//! The value of CreateHome, which mod_auth declares.

use std::path::PathBuf;

use serde::Deserialize;

/// How to create home directories.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CreateHome {
    /// The home's permission bits.
    pub mode: u32,
    /// The permission bits of directories above it.
    pub parent_mode: u32,
    /// The directory whose files are copied.
    pub skeleton: Option<PathBuf>,
    /// The owner of directories above it; `None` for the user.
    pub parent_user: Option<u32>,
    /// Their group; `None` for the user's own.
    pub parent_group: Option<u32>,
    /// The home's group; `None` for the user's own.
    pub home_group: Option<u32>,
    /// Whether to create it with the user's rights instead of root's.
    pub as_user: bool,
}
