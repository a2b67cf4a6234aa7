//! The system's users, for `<Anonymous>` sections, which check no passwords of theirs. They are
//! looked up when the configuration is read, like User and Group of the daemon.

use std::collections::HashMap;

use gantry_api::Account;
use gantry_api::prelude::*;
use gantry_sys::users;

/// Users and groups of the system by their names.
#[derive(Debug, Default)]
pub(crate) struct SystemUsers {
    users: HashMap<String, Account>,
    groups: HashMap<String, u32>,
}

impl SystemUsers {
    /// Looks users and groups up; those that do not exist are left out.
    pub(crate) async fn look_up<'n>(
        start: &Start<'_>,
        users: impl Iterator<Item = &'n str>,
        groups: impl Iterator<Item = &'n str>,
    ) -> Result<Self> {
        let failed = |why: &dyn std::fmt::Display| {
            Error::system(format!("cannot look up the users of <Anonymous> sections: {why}"))
        };
        let mut found = Self::default();
        for name in users {
            if let Some(user) = start.system()?.user(name).await.map_err(|error| failed(&error))? {
                found.users.insert(name.to_owned(), user);
            }
        }
        for name in groups {
            if let Some(group) = users::Group::by_name(name).map_err(|error| failed(&error))? {
                found.groups.insert(name.to_owned(), group.gid);
            }
        }
        Ok(found)
    }

    /// The user with this name.
    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.users.get(name)
    }

    /// The id of a group.
    pub(crate) fn group(&self, name: &str) -> Option<u32> {
        self.groups.get(name).copied()
    }
}
