//! What one session's parts share: its generation, its identity once it has
//! one, and the threads for its files.

use std::sync::{Arc, OnceLock};

use gantry_api::Account;
use gantry_sys::Credentials;

use crate::blocking::Blocking;
use crate::files::View;
use crate::generation::{Generation, ScopeId};

/// Under whose identity the daemon itself runs, and whether it may act as
/// others.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The daemon's own.
    pub own: Credentials,
    /// Whether sessions act as their account's uid and gid.
    pub may_switch: bool,
}

/// Shared by the parts of one session.
pub struct Shared {
    /// The generation that the session pinned.
    pub generation: Arc<Generation>,
    /// The scope of its server.
    pub scope: ScopeId,
    /// The threads for path operations.
    pub blocking: Arc<Blocking>,
    /// The daemon's identity.
    pub identity: Arc<Identity>,
    /// What the session sees of the file system, from its login on.
    pub view: OnceLock<Arc<View>>,
}

impl Shared {
    /// The credentials under which an account's files are touched.
    pub fn credentials(&self, account: &Account) -> Credentials {
        if !self.identity.may_switch {
            return self.identity.own.clone();
        }
        let groups = account.groups.iter().map(|group| group.gid).collect();
        Credentials { uid: account.uid, gid: account.gid, groups }
    }
}
