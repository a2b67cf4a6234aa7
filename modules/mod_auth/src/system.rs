//! The system's own users, for `<Anonymous>` sections: no password of theirs is looked at. They are as they were when
//! the configuration was read, as with User and Group of the daemon itself.

use std::collections::HashMap;
use std::io;

use gantry_api::{Account, Group};
use gantry_sys::users::{self, User};

/// Users and groups of the system by their names.
#[derive(Debug, Default)]
pub(crate) struct SystemUsers {
    users: HashMap<String, Account>,
    groups: HashMap<String, u32>,
}

impl SystemUsers {
    /// Looks users and groups up; those that there are not are left out. May wait for the name service.
    pub(crate) fn look_up<'n>(
        users: impl Iterator<Item = &'n str>,
        groups: impl Iterator<Item = &'n str>,
    ) -> io::Result<Self> {
        let mut found = Self::default();
        for name in users {
            if let Some(user) = User::by_name(name)? {
                found.users.insert(name.to_owned(), account(user)?);
            }
        }
        for name in groups {
            if let Some(group) = users::Group::by_name(name)? {
                found.groups.insert(name.to_owned(), group.gid);
            }
        }
        Ok(found)
    }

    /// The user of a name.
    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.users.get(name)
    }

    /// The number of a group.
    pub(crate) fn group(&self, name: &str) -> Option<u32> {
        self.groups.get(name).copied()
    }
}

fn account(user: User) -> io::Result<Account> {
    let groups = users::groups_of(&user.name, user.gid)?.into_iter().map(|gid| {
        let known = users::Group::by_gid(gid)?;
        Ok(Group { name: known.map_or_else(|| gid.to_string(), |group| group.name), gid })
    });
    Ok(Account {
        groups: groups.collect::<io::Result<_>>()?,
        shell: user.shell.to_string_lossy().into_owned(),
        name: user.name,
        uid: user.uid,
        gid: user.gid,
        home: user.home,
        secret: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_everywhere_and_nobody_has_an_empty_name() {
        let found =
            SystemUsers::look_up(["root", "", "no such user"].into_iter(), ["no such group"].into_iter()).unwrap();
        assert_eq!(found.account("root").map(|account| (account.uid, account.secret.clone())), Some((0, None)));
        assert!(found.account("").is_none() && found.account("no such user").is_none());
        assert_eq!(found.group("no such group"), None);
    }
}
