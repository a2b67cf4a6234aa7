//! What one session's parts share: its generation, its identity once it has
//! one, and the threads for its files.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use gantry_api::Account;
use gantry_sys::Credentials;

use crate::files::blocking::Blocking;
use crate::files::view::View;
use crate::gate::{Client, Person, Rules};
use crate::generation::scope::ScopeId;
use crate::generation::snapshot::Generation;
use crate::identity::Identity;

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
    pub view: OnceLock<View>,
    /// The client's address.
    pub address: IpAddr,
    /// The client, as the gate knows it, once its name has been looked up.
    pub client: OnceLock<Arc<Client>>,
}

impl Shared {
    /// What holds in the session's server, outside all directories.
    pub fn rules(&self) -> &Rules {
        &self.generation.scope(self.scope).rules
    }

    /// Who asks the gate: the client, with its account if it has one.
    pub fn person(&self, account: Option<&Account>) -> Person {
        let unnamed = || Client::new(self.address, &self.address.to_string(), &self.generation.classes).into();
        Person::new(self.client.get_or_init(unnamed).clone(), account)
    }

    /// The credentials under which an account's files are touched.
    pub fn credentials(&self, account: &Account) -> Credentials {
        if !self.identity.may_switch {
            return self.identity.own.clone();
        }
        let groups = account.groups.iter().map(|group| group.gid).collect();
        Credentials { uid: account.uid, gid: account.gid, groups }
    }
}
