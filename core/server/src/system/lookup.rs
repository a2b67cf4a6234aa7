//! Looks users up with the name service.

use gantry_api::{Account, Error, Group, Result};
use gantry_sys::users::{self, User};

/// A user with all groups. This may wait for the name service.
pub fn account(name: &str) -> Result<Option<Account>> {
    let failed = |error| Error::system(format!("the name service: {error}"));
    let Some(user) = User::by_name(name).map_err(failed)? else { return Ok(None) };
    let gids = users::groups_of(&user.name, user.gid).map_err(failed)?;
    let group = |gid| {
        let known = users::Group::by_gid(gid).map_err(failed)?;
        Ok(Group { name: known.map_or_else(|| gid.to_string(), |group| group.name), gid })
    };
    Ok(Some(Account {
        groups: gids.into_iter().map(group).collect::<Result<_>>()?,
        shell: user.shell.to_string_lossy().into_owned(),
        name: user.name,
        uid: user.uid,
        gid: user.gid,
        home: user.home,
        secret: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_a_user_with_groups_and_nobody_has_no_name() {
        let root = account("root").unwrap().unwrap();
        assert_eq!((root.uid, root.secret), (0, None));
        assert!(root.groups.iter().any(|group| group.gid == 0 && group.name == "root"));
        assert_eq!(account("").unwrap(), None);
        assert_eq!(account("no such user").unwrap(), None);
    }
}
