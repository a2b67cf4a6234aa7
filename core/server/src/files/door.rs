//! Where a client is let in: `<Limit LOGIN>` is judged once more, now that the
//! account is known, and the session gets its view of the file system.

use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use gantry_api::session::Door;
use gantry_api::{Account, Error, Result, async_trait};
use gantry_sys::{Root, as_user, handle};

use crate::caught::caught;
use crate::files::shared::Shared;
use crate::files::view::View;

/// One session's door.
pub struct SessionDoor {
    shared: Arc<Shared>,
}

impl SessionDoor {
    /// For the session that these parts belong to.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[async_trait]
impl Door for SessionDoor {
    async fn admit(&self, account: Arc<Account>, root: &Path) -> Result<()> {
        let person = self.shared.person(Some(&account));
        self.shared.rules().check_login(&person)?;
        let credentials = self.shared.credentials(&account);
        let (root_path, generation, scope) = (root.to_owned(), self.shared.generation.clone(), self.shared.scope);
        let opened = caught(self.shared.blocking.run(move || {
            let open = || Root::open(&root_path).and_then(|root| Ok((handle::real_path(root.as_fd())?, root)));
            let (root_path, root) = as_user(&credentials, open)
                .and_then(|opened| opened)
                .map_err(|error| Error::system(format!("cannot open the root {}: {error}", root_path.display())))?;
            let directories = generation.directories(scope, &account);
            Ok(View { root, root_path, credentials, directories, generation, scope, person })
        }));
        let view = Arc::new(opened.await?);
        self.shared.view.set(view).map_err(|_| Error::client(503, "You are already logged in"))
    }
}
