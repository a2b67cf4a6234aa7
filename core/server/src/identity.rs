//! Whose the process is.

use gantry_sys::Credentials;

/// Under whose identity the daemon itself runs, and whether it may act as
/// others.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The daemon's own.
    pub own: Credentials,
    /// Whether sessions act as their account's uid and gid.
    pub may_switch: bool,
}
