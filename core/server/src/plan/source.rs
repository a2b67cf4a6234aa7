//! Where a configuration comes from.

use std::path::PathBuf;

use gantry_config::Override;

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// `-D`.
    pub defines: Vec<String>,
    /// `--set`: they override the environment's `GANTRY_...`, and those the file.
    pub overrides: Vec<Override>,
    /// `-4`.
    pub family: Family,
}

/// The address families that servers listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// IPv6 and IPv4, if the machine has both.
    #[default]
    Any,
    /// IPv4 only.
    V4,
}
