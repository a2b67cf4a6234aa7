//! A session's files as modules see them, for one command: from the login on, the
//! gate and the session's store behind it.

use std::sync::Arc;

use gantry_api::files::{Files, Links, Listing, Metadata, Open, OpenFile, Target};
use gantry_api::store::Store;
use gantry_api::{Error, Promise, Result, Verb, VirtualPath};

use crate::caught::promised;
use crate::files::gated::Gated;
use crate::files::host::HostStore;
use crate::files::shared::Shared;
use crate::generation::held::Held;

/// The files of one session, for one command; before the login there are none.
pub struct SessionFiles<'a> {
    shared: &'a Arc<Shared>,
    verb: Verb,
}

impl<'a> SessionFiles<'a> {
    /// For a command of this verb, by which the gate judges.
    pub fn new(shared: &'a Arc<Shared>, verb: Verb) -> Self {
        Self { shared, verb }
    }

    /// What holds at the path that the command names; before the login, what holds
    /// everywhere.
    ///
    /// # Errors
    /// Nobody knows: the command is refused.
    pub async fn scope_of(&self, path: &VirtualPath) -> Result<Held> {
        match self.shared.view.get() {
            None => Ok(self.shared.scope.into()),
            Some(view) => Gated::new(view, &view.store, self.verb).scope_at(path).await,
        }
    }

    /// Asks the gate, if the client is logged in.
    fn ask<'s, T: Send + 's>(&'s self, ask: impl FnOnce(Gated<'s, HostStore>) -> Promise<'s, T>) -> Promise<'s, T> {
        promised(|| match self.shared.view.get() {
            None => Promise::now(Err(Error::client(530, "Please login with USER and PASS"))),
            Some(view) => ask(Gated::new(view, &view.store, self.verb)),
        })
    }
}

impl Files for SessionFiles<'_> {
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        let view = self.shared.view.get();
        view.map_or_else(|| path.as_bytes().to_vec(), |view| view.store.shown(path))
    }

    fn metadata<'a>(&'a self, path: &'a VirtualPath, links: Links) -> Promise<'a, Metadata> {
        self.ask(|gate| gate.metadata(path, links))
    }

    fn open<'a>(&'a self, path: &'a VirtualPath, purpose: Open) -> Promise<'a, OpenFile> {
        self.ask(|gate| gate.open(path, purpose))
    }

    fn enter<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()> {
        self.ask(|gate| gate.enter(path))
    }

    fn list<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Box<dyn Listing>> {
        self.ask(|gate| gate.list(path))
    }

    fn create_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()> {
        self.ask(|gate| gate.create_directory(path))
    }

    fn remove_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()> {
        self.ask(|gate| gate.remove_directory(path))
    }

    fn remove_file<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()> {
        self.ask(|gate| gate.remove_file(path))
    }

    fn rename<'a>(&'a self, from: &'a VirtualPath, to: &'a VirtualPath, target: Target) -> Promise<'a, ()> {
        self.ask(|gate| gate.rename(from, to, target))
    }

    fn set_modified<'a>(&'a self, path: &'a VirtualPath, time: i64) -> Promise<'a, ()> {
        self.ask(|gate| gate.set_modified(path, time))
    }

    fn set_mode<'a>(&'a self, path: &'a VirtualPath, mode: u32) -> Promise<'a, ()> {
        self.ask(|gate| gate.set_mode(path, mode))
    }
}
