//! The identity of the process.

use std::sync::Arc;

use gantry_api::Account;
use gantry_api::log::Level;
use gantry_sys::Credentials;

use crate::seldom::Seldom;

/// The identity of the daemon itself, and whether it may act as others.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The daemon's own.
    pub own: Credentials,
    /// Whether sessions act as their account's uid and gid.
    pub may_switch: bool,
    /// Limits the warnings about accounts with the daemon's own uid.
    shared_uid: Arc<Seldom>,
}

impl Identity {
    /// The daemon's own identity, and whether sessions may act as others.
    pub fn new(own: Credentials, may_switch: bool) -> Self {
        Self { own, may_switch, shared_uid: Arc::default() }
    }

    /// Warns about an account with the daemon's own uid: its sessions can change the daemon's
    /// files, such as its logs and users' databases.
    pub fn warn_of_shared_uid(&self, account: &Account) {
        if self.may_switch && account.uid == self.own.uid && account.uid != 0 {
            self.shared_uid.say(
                Level::Warn,
                format_args!(
                    "the account '{}' has the uid of the daemon ({}, see User): it can change the daemon's own \
                     files, such as logs and databases of users. Give the account another uid.",
                    account.name, account.uid
                ),
            );
        }
    }
}
