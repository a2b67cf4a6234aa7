//! Names for owner and group ids: the account's own, else the system's, else those of the modules that know users, else
//! the digits. All of these may be slow, so an id is looked up once for many listings, and a listing waits for a bounded
//! time. The system's name service is never called on a thread that serves sessions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gantry_api::files::Metadata;
use gantry_api::service::{LoginRequest, Services};
use gantry_api::{Account, ServerId, Session};
use gantry_sys::users::{Group, User};
use tokio::time::timeout;

/// The most ids to remember; beyond that, digits are shown.
const MOST: usize = 10_000;
/// The most ids for which modules are asked at once.
const ASKED: usize = 256;
/// How long a listing waits for the modules' answers.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an id without a name is not looked up again.
const NAMELESS: Duration = Duration::from_secs(60);

/// The names that have been looked up.
#[derive(Debug, Default)]
pub struct Names {
    users: Known,
    groups: Known,
}

/// The names of one kind. Each server may have its own users.
#[derive(Debug, Default)]
struct Known(Mutex<HashMap<(ServerId, u32), Name>>);

#[derive(Debug, Clone)]
struct Name {
    /// The name, or the digits.
    shown: Arc<str>,
    /// When it is looked up again.
    until: Option<Instant>,
}

/// The names as a session sees them.
#[derive(Clone, Copy)]
pub struct SessionNames<'a> {
    names: &'a Names,
    session: &'a Session,
    services: &'a Services,
}

/// Ids whose names are unknown.
#[derive(Debug, Default)]
struct Unknown {
    uids: HashSet<u32>,
    gids: HashSet<u32>,
}

impl Names {
    /// The names as a session sees them.
    pub fn of<'a>(&'a self, session: &'a Session, services: &'a Services) -> SessionNames<'a> {
        SessionNames { names: self, session, services }
    }
}

impl SessionNames<'_> {
    /// Looks up the names of the files' owners and groups, if they are not known.
    pub async fn learn<'f>(&self, files: impl Iterator<Item = &'f Metadata>) {
        let Unknown { uids, gids } = self.unknown(files);
        if uids.is_empty() && gids.is_empty() {
            return;
        }
        let asked = tokio::task::spawn_blocking(move || {
            let user = |uid| (uid, User::by_uid(uid).ok().flatten().map(|user| user.name));
            let group = |gid| (gid, Group::by_gid(gid).ok().flatten().map(|group| group.name));
            (uids.into_iter().map(user).collect::<Vec<_>>(), gids.into_iter().map(group).collect::<Vec<_>>())
        });
        // Without a name, the digits are shown.
        let Ok((mut users, mut groups)) = asked.await else { return };
        // What is not answered in time stays without a name for a while.
        let _ = timeout(PATIENCE, self.ask_modules(&mut users, &mut groups)).await;
        let server = self.session.server;
        self.names.users.remember(server, users);
        self.names.groups.remember(server, groups);
    }

    /// Asks the modules that know users for the names that are missing.
    async fn ask_modules(&self, users: &mut [(u32, Option<String>)], groups: &mut [(u32, Option<String>)]) {
        let authenticators: Vec<_> = self.services.authenticators().map(|(_, found)| found).collect();
        if authenticators.is_empty() {
            return;
        }
        let user = self.session.account.as_ref().map(|account| account.name.as_str()).unwrap_or_default();
        let request = LoginRequest::new(self.session, user);
        for (uid, name) in users.iter_mut().filter(|(_, name)| name.is_none()).take(ASKED) {
            for authenticator in &authenticators {
                // One that fails has logged why.
                *name = authenticator.user_name(&request, *uid).await.ok().flatten();
                if name.is_some() {
                    break;
                }
            }
        }
        for (gid, name) in groups.iter_mut().filter(|(_, name)| name.is_none()).take(ASKED) {
            for authenticator in &authenticators {
                *name = authenticator.group_name(&request, *gid).await.ok().flatten();
                if name.is_some() {
                    break;
                }
            }
        }
    }

    /// The owners and groups of files whose names are not known.
    fn unknown<'f>(&self, files: impl Iterator<Item = &'f Metadata>) -> Unknown {
        let (server, now) = (self.session.server, Instant::now());
        let (users, groups) = (self.names.users.lock(), self.names.groups.lock());
        let is_known = |names: &HashMap<(ServerId, u32), Name>, id| {
            names.get(&(server, id)).is_some_and(|name| name.until.is_none_or(|until| until > now))
        };
        let (mut unknown, mut last) = (Unknown::default(), None);
        for file in files {
            // Neighbours in a folder are of one owner as a rule.
            if last.replace((file.uid, file.gid)) == Some((file.uid, file.gid)) {
                continue;
            }
            if !is_known(&users, file.uid) && users.len() + unknown.uids.len() < MOST {
                unknown.uids.insert(file.uid);
            }
            if !is_known(&groups, file.gid) && groups.len() + unknown.gids.len() < MOST {
                unknown.gids.insert(file.gid);
            }
        }
        unknown
    }

    /// The owner's name.
    pub fn owner(&self, account: &Account, uid: u32) -> Arc<str> {
        if account.uid == uid {
            return account.name.as_str().into();
        }
        self.names.users.shown(self.session.server, uid)
    }

    /// The group's name.
    pub fn group(&self, account: &Account, gid: u32) -> Arc<str> {
        if let Some(group) = account.groups.iter().find(|group| group.gid == gid) {
            return group.name.as_str().into();
        }
        self.names.groups.shown(self.session.server, gid)
    }
}

impl Known {
    fn remember(&self, server: ServerId, found: Vec<(u32, Option<String>)>) {
        let again = Instant::now() + NAMELESS;
        let name = |(id, name): (u32, Option<String>)| {
            let until = name.is_none().then_some(again);
            ((server, id), Name { shown: name.unwrap_or_else(|| id.to_string()).into(), until })
        };
        self.lock().extend(found.into_iter().map(name));
    }

    fn shown(&self, server: ServerId, id: u32) -> Arc<str> {
        self.lock().get(&(server, id)).map_or_else(|| id.to_string().into(), |name| name.shown.clone())
    }

    /// Locks, even after a panic in another holder: the map is always consistent.
    fn lock(&self) -> MutexGuard<'_, HashMap<(ServerId, u32), Name>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
