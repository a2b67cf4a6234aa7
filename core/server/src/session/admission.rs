//! What `Session::admit` and `Session::move_to` do on the server's side. Only this file sets a
//! session's base, its root and its rights.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::{
    Account, Admission, AtServer, Door, Error, ErrorKind, Hosts, Result, SectionId, ServerId, Verb, VirtualPath,
    async_trait,
};
use gantry_sys::Switch;

use crate::caught::caught;
use crate::files::gated::StoreGate;
use crate::files::host::HostStore;
use crate::files::sections::Sections;
use crate::files::shared::SessionParts;
use crate::files::view::{SessionStore, View};
use crate::generation::base::{Base, Folders};
use crate::generation::snapshot::Generation;
use crate::generation::spelling::Holder;
use crate::hiding::Viewer;
use crate::session::homes;
use crate::session::strangers::Stranger;

/// Admits one session.
pub struct SessionDoor {
    shared: Arc<SessionParts>,
    /// Its server until the login.
    server: ServerId,
    /// Its place among the clients that have not logged in, until it logs in.
    stranger: Option<Stranger>,
}

impl SessionDoor {
    /// For a session that has just reached a server.
    pub fn new(shared: Arc<SessionParts>, server: ServerId, stranger: Option<Stranger>) -> Self {
        Self { shared, server, stranger }
    }

    /// The base before the login: that of the server or of one of its sections.
    fn base(&self, section: Option<SectionId>) -> Result<Arc<Base>> {
        self.shared.generation.base(self.server, section, || self.shared.person(None))
    }

    /// The store of the session's files: the one that FileStore names, or the host.
    async fn store(&self, base: &Base, admission: &Admission) -> Result<SessionStore> {
        let shared = &self.shared;
        let Admission { account, root, section, .. } = admission;
        if let Some(name) = &shared.generation.held(&base.own.held).settings.file_store {
            // It has no folder to confine anybody to.
            if section.is_some() && root != Path::new("/") {
                return Err(Error::configuration(format!(
                    "<Anonymous> has a root other than /, but the store '{name}' has only one"
                )));
            }
            let store = shared.generation.world.services.store(name);
            let store = store.ok_or_else(|| Error::configuration(format!("no module provides the store '{name}'")))?;
            return Ok(SessionStore::Published(store.clone()));
        }
        let switch = Switch::new(shared.identity.own.clone(), shared.credentials(account));
        let host = HostStore::open(
            shared.generation.clone(),
            shared.blocking.clone(),
            root,
            switch,
            shared.privileged.clone(),
        );
        let host = host.await?;
        let settings = &shared.generation.held(&base.own.held).settings;
        // The opened folder is somewhere else: a link led there.
        if settings.chroot_symlinks == Some(false) && host.root_path() != lexical(root) {
            return Err(Error::system(format!(
                "the root {} is or contains a symbolic link (AllowChrootSymlinks)",
                root.display()
            )));
        }
        Ok(SessionStore::Host(host))
    }

    /// The `<Directory>` sections with their paths resolved for an account.
    async fn folders(&self, base: &Arc<Base>, account: &Account, store: &SessionStore) -> Result<Folders> {
        let (root, on_host) = match store {
            SessionStore::Host(store) => (store.root_path(), true),
            SessionStore::Published(_) => (Path::new("/"), false),
        };
        let generation = &self.shared.generation;
        if base.directories.is_empty() {
            return generation.folders(base, Holder { account, root, on_host });
        }
        // Links are followed with the account's rights. The name service may be needed to find
        // other users' homes.
        let switch = Switch::new(self.shared.identity.own.clone(), self.shared.credentials(account));
        let (generation, base, account, root) = (generation.clone(), base.clone(), account.clone(), root.to_owned());
        let placed = move || {
            let holder = Holder { account: &account, root: &root, on_host };
            let placed = switch.run(|| generation.folders(&base, holder));
            placed.map_err(|error| Error::system(format!("cannot act as {}: {error}", account.name)))?
        };
        self.shared.blocking.run(placed).await
    }
}

#[async_trait]
impl Door for SessionDoor {
    fn lets_in(&self, section: Option<SectionId>) -> Result<()> {
        let base = self.base(section)?;
        let rules = &self.shared.generation.held(&base.own.held).rules;
        // A limit that depends on the user is checked when the user is known.
        if rules.is_empty() || rules.login_asks_for_user() {
            Ok(())
        } else {
            rules.check_login(&self.shared.person(None))
        }
    }

    async fn admit(&mut self, admission: &Admission) -> Result<VirtualPath> {
        let Admission { account, section, beginnings, .. } = admission;
        let shared = &self.shared;
        let person = shared.person(Some(account));
        let base = shared.generation.base(self.server, *section, || person.clone())?;
        shared.generation.held(&base.own.held).rules.check_login(&person)?;
        let settings = &shared.generation.held(&base.own.held).settings;
        if let (Some(wanted), None, None) = (&settings.create_home, &settings.file_store, section) {
            let made = async {
                homes::make(shared, wanted, account).await;
                Ok(())
            };
            caught(made).await?;
        }
        let store = caught(self.store(&base, admission)).await?;
        let folders = self.folders(&base, account, &store).await?;
        let sections = Sections::new(shared.generation.clone(), folders).into();
        let view = View { store, sections, person, viewer: Viewer::new(account) };
        let begin = caught(first_entered(&view, beginnings)).await?;
        let nowhere = || Error::system(format!("cannot enter {}", account.home.display()));
        let begin = begin.ok_or_else(nowhere)?;
        // Nothing has been changed up to here.
        shared.view.set(view).map_err(|_| already())?;
        shared.standing.move_to(base);
        self.stranger = None;
        shared.identity.warn_of_shared_uid(account);
        Ok(begin)
    }

    fn host(&self, name: &str, local: SocketAddr) -> Option<ServerId> {
        named(&self.shared.generation, name, local)
    }

    fn hosts(&self, local: SocketAddr) -> Hosts {
        let generation = self.shared.generation.clone();
        Arc::new(move |name| named(&generation, name, local))
    }

    fn move_to(&mut self, server: ServerId) -> Result<AtServer> {
        if self.shared.view.get().is_some() {
            return Err(already());
        }
        let wanted = self.shared.generation.servers.get(server.0);
        let at = wanted.ok_or_else(|| Error::system("a move to a server that does not exist"))?.at();
        let base = self.shared.generation.base(server, None, || self.shared.person(None))?;
        self.server = server;
        self.shared.standing.move_to(base);
        Ok(at)
    }
}

/// The server with this name among those at an address.
fn named(generation: &Generation, name: &str, local: SocketAddr) -> Option<ServerId> {
    let servers = &generation.servers;
    let near = || servers.iter().enumerate().filter(|(_, server)| server.names.listens_at(local));
    let exact = near().find(|(_, server)| server.names.has(name));
    let found = exact.or_else(|| near().find(|(_, server)| server.names.has_like(name)));
    found.map(|(at, _)| ServerId(at))
}

/// A path without `.`, empty components and trailing slashes.
fn lexical(path: &Path) -> PathBuf {
    path.components().collect()
}

/// The first of these paths that the session may enter.
async fn first_entered(view: &View, paths: &[VirtualPath]) -> Result<Option<VirtualPath>> {
    for path in paths {
        let entered = match &view.store {
            SessionStore::Host(store) => StoreGate::new(view, store, Verb::PASS).enter(path).await,
            SessionStore::Published(store) => StoreGate::new(view, &**store, Verb::PASS).enter(path).await,
        };
        if entered.is_ok() {
            return Ok(Some(path.clone()));
        }
    }
    Ok(None)
}

fn already() -> Error {
    Error::of(ErrorKind::OutOfOrder)
}
