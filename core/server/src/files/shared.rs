//! What the parts of a session share: its generation, its base, its identity after the login, and
//! the threads for its files.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gantry_api::Account;
use gantry_sys::Credentials;

use crate::files::blocking::Blocking;
use crate::files::privileged::Privileged;
use crate::files::view::View;
use crate::gate::{Client, Person};
use crate::generation::base::Base;
use crate::generation::snapshot::Generation;
use crate::identity::Identity;

/// Shared by the parts of one session.
pub struct SessionParts {
    /// The generation that the session pinned.
    pub generation: Arc<Generation>,
    /// The session's base.
    pub standing: Standing,
    /// The threads for path operations.
    pub blocking: Arc<Blocking>,
    /// The daemon's identity.
    pub identity: Arc<Identity>,
    /// Does what only root may do.
    pub privileged: Arc<dyn Privileged>,
    /// What the session sees of the file system, from its login on.
    pub view: OnceLock<View>,
    /// The client's address.
    pub address: IpAddr,
    /// The client, as the gate knows it, after its name has been looked up.
    pub client: OnceLock<Arc<Client>>,
}

impl SessionParts {
    /// For the gate: the client, with its account if it has one.
    pub fn person(&self, account: Option<&Account>) -> Person {
        let unnamed = || Client::new(self.address, &self.address.to_string(), &self.generation.classes).into();
        Person::new(self.client.get_or_init(unnamed).clone(), account)
    }

    /// The credentials for accessing an account's files.
    pub fn credentials(&self, account: &Account) -> Credentials {
        if !self.identity.may_switch {
            return self.identity.own.clone();
        }
        let groups = account.groups.iter().map(|group| group.gid).collect();
        Credentials { uid: account.uid, gid: account.gid, groups }
    }
}

/// The base of a session, at first its server's. It rarely changes, so users of it keep a
/// [`Footing`] and only check whether it changed.
pub struct Standing {
    base: Mutex<Arc<Base>>,
    moves: AtomicU64,
}

impl Standing {
    /// With a base.
    pub fn on(base: Arc<Base>) -> Self {
        Self { base: Mutex::new(base), moves: AtomicU64::new(0) }
    }

    /// Changes the base.
    pub fn move_to(&self, base: Arc<Base>) {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
        self.moves.fetch_add(1, Ordering::Release);
    }

    /// The base.
    pub fn base(&self) -> Arc<Base> {
        self.base.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The base of a session when it was last checked.
pub struct Footing {
    /// The base.
    pub base: Arc<Base>,
    moves: u64,
}

impl Footing {
    /// The present base.
    pub fn of(standing: &Standing) -> Self {
        let moves = standing.moves.load(Ordering::Acquire);
        Self { base: standing.base(), moves }
    }

    /// Takes over the present base; returns whether it changed.
    #[inline]
    pub fn follow(&mut self, standing: &Standing) -> bool {
        let moved = standing.moves.load(Ordering::Acquire) != self.moves;
        if moved {
            *self = Self::of(standing);
        }
        moved
    }
}
