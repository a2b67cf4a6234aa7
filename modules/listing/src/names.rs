//! Names for owner and group ids: the account's own, else the system's, else the digits. The system's name service may
//! be slow, so each id is looked up only once, and never on a thread that serves sessions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::Account;
use gantry_api::files::Metadata;
use gantry_sys::users::{Group, User};

/// The most ids to remember; beyond that, digits are shown.
const MOST: usize = 10_000;

/// The names that have been looked up.
#[derive(Debug, Default)]
pub struct Names {
    users: Mutex<HashMap<u32, Arc<str>>>,
    groups: Mutex<HashMap<u32, Arc<str>>>,
}

/// Ids whose names are unknown.
#[derive(Debug, Default)]
pub struct Unknown {
    uids: HashSet<u32>,
    gids: HashSet<u32>,
}

impl Names {
    /// The owners and groups of files whose names have not been looked up.
    pub fn unknown<'a>(&self, files: impl Iterator<Item = &'a Metadata>) -> Unknown {
        let (users, groups) = (lock(&self.users), lock(&self.groups));
        let mut unknown = Unknown::default();
        for file in files {
            if !users.contains_key(&file.uid) && users.len() + unknown.uids.len() < MOST {
                unknown.uids.insert(file.uid);
            }
            if !groups.contains_key(&file.gid) && groups.len() + unknown.gids.len() < MOST {
                unknown.gids.insert(file.gid);
            }
        }
        unknown
    }

    /// Looks up names.
    pub async fn learn(&self, Unknown { uids, gids }: Unknown) {
        if uids.is_empty() && gids.is_empty() {
            return;
        }
        let asked = tokio::task::spawn_blocking(move || {
            let user = |uid| (uid, User::by_uid(uid).ok().flatten().map(|user| user.name));
            let group = |gid| (gid, Group::by_gid(gid).ok().flatten().map(|group| group.name));
            (uids.into_iter().map(user).collect::<Vec<_>>(), gids.into_iter().map(group).collect::<Vec<_>>())
        });
        // Without a name, the digits are shown.
        let Ok((users, groups)) = asked.await else { return };
        remember(&self.users, users);
        remember(&self.groups, groups);
    }

    /// The owner's name.
    pub fn owner(&self, account: &Account, uid: u32) -> Arc<str> {
        if account.uid == uid {
            return account.name.as_str().into();
        }
        known(&self.users, uid)
    }

    /// The group's name.
    pub fn group(&self, account: &Account, gid: u32) -> Arc<str> {
        if let Some(group) = account.groups.iter().find(|group| group.gid == gid) {
            return group.name.as_str().into();
        }
        known(&self.groups, gid)
    }
}

fn remember(names: &Mutex<HashMap<u32, Arc<str>>>, found: Vec<(u32, Option<String>)>) {
    let found = found.into_iter().map(|(id, name)| (id, name.unwrap_or_else(|| id.to_string()).into()));
    lock(names).extend(found);
}

fn known(names: &Mutex<HashMap<u32, Arc<str>>>, id: u32) -> Arc<str> {
    lock(names).get(&id).cloned().unwrap_or_else(|| id.to_string().into())
}

/// Locks, even after a panic in another holder: the map is always consistent.
fn lock(names: &Mutex<HashMap<u32, Arc<str>>>) -> MutexGuard<'_, HashMap<u32, Arc<str>>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}
