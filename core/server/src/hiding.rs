//! What the configuration hides from a session: listings omit it, and for the commands with
//! IgnoreHidden it does not exist.

use gantry_api::Account;
use gantry_api::files::{Kind, Metadata};

use crate::settings::{Hidden, Owner};

const READ: u32 = 4;
const EXECUTE: u32 = 1;

/// Who something is hidden from.
#[derive(Debug, Clone)]
pub struct Viewer {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

impl Viewer {
    /// An account.
    pub fn new(account: &Account) -> Self {
        let groups = account.groups.iter().map(|group| group.gid).collect();
        Self { uid: account.uid, gid: account.gid, groups }
    }

    /// The account's primary group.
    pub fn gid(&self) -> u32 {
        self.gid
    }

    /// Whether a name in a folder is hidden, with the settings there.
    pub fn misses(&self, hidden: &Hidden, name: &[u8], found: &Metadata) -> bool {
        let is = |owner: &Owner, id: u32, own: u32| (owner.id.unwrap_or(own) == id) != owner.others;
        self.misses_name(hidden, name)
            || hidden.users.iter().any(|owner| is(owner, found.uid, self.uid))
            || hidden.groups.iter().any(|owner| is(owner, found.gid, self.gid))
            || (hidden.no_access && !self.may_use(found))
    }

    /// The same for a name that does not exist yet.
    pub fn misses_name(&self, hidden: &Hidden, name: &[u8]) -> bool {
        // A pattern that cannot be matched hides everything.
        hidden.files.as_ref().is_some_and(|pattern| pattern.matches(name) != Some(false))
    }

    /// Whether the permission bits let the user read a file, or enter a folder.
    fn may_use(&self, found: &Metadata) -> bool {
        let member = self.gid == found.gid || self.groups.contains(&found.gid);
        let bits = match () {
            () if self.uid == 0 => return true,
            () if self.uid == found.uid => found.mode >> 6,
            () if member => found.mode >> 3,
            () => found.mode,
        };
        bits & if found.kind == Kind::Directory { EXECUTE } else { READ } != 0
    }
}
