//! A session's files as modules see them, for one command: after the login, the gate with the
//! session's store behind it.

use std::sync::Arc;

use gantry_api::files::{Created, Files, Links, Listing, Metadata, Open, OpenFile, Target};
use gantry_api::store::Store;
use gantry_api::{Error, ErrorKind, Promise, Result, Verb, VirtualPath};

use crate::caught::promised;
use crate::files::gated::StoreGate;
use crate::files::shared::SessionParts;
use crate::files::turn::in_turn;
use crate::files::view::SessionStore;
use crate::generation::held::ScopeHandle;

/// The files of one session, for one command. Before the login there are none.
pub struct SessionFiles<'a> {
    shared: &'a Arc<SessionParts>,
    verb: Verb,
}

/// Calls the gate, if the client has logged in.
macro_rules! gated {
    ($files:ident, |$gate:ident| $ask:expr) => {
        promised(|| {
            in_turn(move || match $files.shared.view.get() {
                None => Promise::now(Err(Error::of(ErrorKind::NotLoggedIn))),
                Some(view) => match &view.store {
                    SessionStore::Host(store) => {
                        let $gate = StoreGate::new(view, store, $files.verb);
                        $ask
                    }
                    SessionStore::Published(store) => {
                        let $gate = StoreGate::new(view, &**store, $files.verb);
                        $ask
                    }
                },
            })
        })
    };
}

impl<'a> SessionFiles<'a> {
    /// For a command with this verb, which the gate checks.
    pub fn new(shared: &'a Arc<SessionParts>, verb: Verb) -> Self {
        Self { shared, verb }
    }

    /// The scope of the command's path; before the login, the scope of all paths.
    ///
    /// # Errors
    /// Nobody knows: the command is refused.
    pub async fn scope_of(&self, path: &VirtualPath) -> Result<ScopeHandle> {
        match self.shared.view.get() {
            None => Ok(self.shared.standing.base().own.held.clone()),
            Some(_) => gated!(self, |gate| gate.scope_at(path)).await,
        }
    }
}

impl Files for SessionFiles<'_> {
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        let view = self.shared.view.get();
        match view.map(|view| &view.store) {
            None => path.as_bytes().to_vec(),
            Some(SessionStore::Host(store)) => store.shown(path),
            Some(SessionStore::Published(store)) => store.shown(path),
        }
    }

    fn metadata<'a>(&'a self, path: &'a VirtualPath, links: Links) -> Promise<'a, Metadata> {
        gated!(self, |gate| gate.metadata(path, links))
    }

    fn resolved<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, VirtualPath> {
        gated!(self, |gate| gate.resolved(path))
    }

    fn open<'a>(&'a self, path: &'a VirtualPath, purpose: Open) -> Promise<'a, OpenFile> {
        gated!(self, |gate| gate.open(path, purpose))
    }

    fn create<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Created> {
        gated!(self, |gate| gate.create(path))
    }

    fn enter<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, VirtualPath> {
        gated!(self, |gate| gate.enter(path))
    }

    fn list<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Box<dyn Listing>> {
        gated!(self, |gate| gate.list(path))
    }

    fn create_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()> {
        gated!(self, |gate| gate.create_directory(path))
    }

    fn remove_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()> {
        gated!(self, |gate| gate.remove_directory(path))
    }

    fn remove_file<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()> {
        gated!(self, |gate| gate.remove_file(path))
    }

    fn rename<'a>(&'a self, from: &'a VirtualPath, to: &'a VirtualPath, target: Target) -> Promise<'a, ()> {
        gated!(self, |gate| gate.rename(from, to, target))
    }

    fn set_modified<'a>(&'a self, path: &'a VirtualPath, time: i64) -> Promise<'a, ()> {
        gated!(self, |gate| gate.set_modified(path, time))
    }

    fn set_mode<'a>(&'a self, path: &'a VirtualPath, mode: u32) -> Promise<'a, ()> {
        gated!(self, |gate| gate.set_mode(path, mode))
    }

    fn set_group<'a>(&'a self, path: &'a VirtualPath, gid: u32) -> Promise<'a, ()> {
        gated!(self, |gate| gate.set_group(path, gid))
    }

    fn link_text<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Vec<u8>> {
        gated!(self, |gate| gate.link_text(path))
    }
}
