//! Where a client is let in: `<Limit LOGIN>` is judged once more, now that the
//! account is known, and the session gets its view of the files.

use std::path::Path;
use std::sync::Arc;

use gantry_api::session::Door;
use gantry_api::{Account, Error, Result, async_trait};
use gantry_sys::Switch;

use crate::caught::caught;
use crate::files::host::HostStore;
use crate::files::sections::Sections;
use crate::files::shared::Shared;
use crate::files::view::{SessionStore, View};

/// One session's door.
pub struct SessionDoor {
    shared: Arc<Shared>,
}

impl SessionDoor {
    /// For the session that these parts belong to.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What holds the session's files: what FileStore names, or the host.
    async fn store(&self, account: &Account, root: &Path) -> Result<SessionStore> {
        let shared = &self.shared;
        if let Some(name) = &shared.generation.scope(shared.scope).settings.file_store {
            let store = shared.generation.world.services.store(name);
            let store = store.ok_or_else(|| Error::configuration(format!("no module provides the store '{name}'")))?;
            return Ok(SessionStore::Published(store.clone()));
        }
        let switch = Switch::new(shared.identity.own.clone(), shared.credentials(account));
        let host = HostStore::open(shared.generation.clone(), shared.blocking.clone(), root, switch).await?;
        Ok(SessionStore::Host(host))
    }
}

#[async_trait]
impl Door for SessionDoor {
    async fn admit(&self, account: Arc<Account>, root: &Path) -> Result<()> {
        let shared = &self.shared;
        let person = shared.person(Some(&account));
        shared.rules().check_login(&person)?;
        let store = caught(self.store(&account, root)).await?;
        let directories = shared.generation.directories(shared.scope, &account);
        let sections = Arc::new(Sections::new(shared.generation.clone(), shared.scope, directories));
        shared.view.set(View { store, sections, person }).map_err(|_| Error::client(503, "You are already logged in"))
    }
}
