//! Acts on the host as a session's user, on the calling thread or on one of the pool.

use std::path::Path;
use std::sync::Arc;

use gantry_api::{Error, Promise, Result};
use gantry_sys::handle::Attributes;
use gantry_sys::{Medium, SharedRoot, Switch};

use crate::files::blocking::Blocking;
use crate::files::host::warm::Warm;
use crate::generation::snapshot::Generation;

/// Acts for one session.
#[derive(Clone)]
pub(super) struct Actor {
    user: Arc<User>,
    pub(super) blocking: Arc<Blocking>,
}

/// What an operation needs, shared with the threads that run it.
pub(super) struct User {
    pub(super) root: Arc<SharedRoot>,
    pub(super) warm: Warm,
    switch: Switch,
}

impl Actor {
    /// For the user of `switch`, below `root`.
    pub(super) async fn new(
        generation: Arc<Generation>,
        blocking: Arc<Blocking>,
        root: &Path,
        switch: Switch,
    ) -> Result<Self> {
        if let Ok(Some(root)) = act(&switch, || Ok(generation.roots.open_at_once(root))) {
            return Ok(Self::at(root, blocking, switch));
        }
        let root = root.to_owned();
        let opened = blocking.run(move || {
            let opened = act(&switch, || {
                let opened = generation.roots.open(&root);
                opened.map_err(|error| Error::system(format!("cannot open the root {}: {error}", root.display())))
            })?;
            Ok((opened, switch))
        });
        let (root, switch) = opened.await?;
        Ok(Self::at(root, blocking, switch))
    }

    /// For an open root.
    pub(super) fn at(root: Arc<SharedRoot>, blocking: Arc<Blocking>, switch: Switch) -> Self {
        Self { user: Arc::new(User { root, warm: Warm::default(), switch }), blocking }
    }

    /// The user.
    pub(super) fn user(&self) -> &User {
        &self.user
    }

    /// Does what the kernel can answer from its caches; `None` if it cannot.
    pub(super) fn at_once<T, E: Into<Error>>(
        &self,
        work: impl FnOnce(&User) -> Option<std::result::Result<T, E>>,
    ) -> Option<Result<T>> {
        if self.user.root.medium == Medium::Elsewhere {
            return None;
        }
        act(&self.user.switch, || Ok(work(&self.user))).transpose().map(|done| done?.map_err(E::into))
    }

    /// Does what may have to wait.
    pub(super) fn later<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce(&User) -> Result<T> + Send + 'static,
    ) -> Promise<'a, T> {
        let user = self.user.clone();
        Promise::later(self.blocking.run(move || act(&user.switch, || work(&user))))
    }
}

impl User {
    /// The user as whom files are touched.
    pub(super) fn uid(&self) -> u32 {
        self.switch.user().uid
    }

    /// Whether the kernel answers for a file by itself: it is on the root's mount, and that is a
    /// local one.
    pub(super) fn is_near(&self, found: &Attributes) -> bool {
        self.root.medium != Medium::Elsewhere && found.mount.is_some() && found.mount == self.root.mount
    }
}

/// Runs work as the session's user.
fn act<T>(switch: &Switch, work: impl FnOnce() -> Result<T>) -> Result<T> {
    switch.run(work).map_err(|error| Error::system(format!("cannot act as uid {}: {error}", switch.user().uid)))?
}
