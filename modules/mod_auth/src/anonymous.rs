//! Logins to an `<Anonymous>` section: the ids for its files, and its root.

use std::path::Path;

use gantry_api::{Account, Admission};

use crate::attempt::{Attempt, Refusal};
use crate::login::Logins;
use crate::sections::Anonymous;
use crate::start::{anonymous_root, single};
use crate::system::SystemUsers;

/// What such logins need to know about accounts and groups.
pub(crate) struct Anonymity<'a> {
    pub(crate) logins: &'a Logins,
    pub(crate) system: &'a SystemUsers,
}

impl Anonymity<'_> {
    /// Describes the session as an account of a section.
    pub(crate) async fn admission(
        &self,
        attempt: &Attempt<'_>,
        section: &Anonymous,
        mut account: Account,
    ) -> Result<Admission, Refusal> {
        if let Some(group) = &section.group {
            account.gid = self.group(group, &account).ok_or_else(|| format!("unknown group '{group}'"))?;
        }
        let other = section.root.strip_prefix('~').and_then(|path| path.split('/').next()).unwrap_or_default();
        let home = match other {
            name if name.is_empty() || name == account.name => Some(account.home.clone()),
            name => {
                let (services, order) = (attempt.services, &attempt.settings.order);
                let found = self.logins.look_up(services, order, self.system, &attempt.request(name)).await;
                found.map(|account| account.home)
            }
        };
        let root = anonymous_root(&section.root, |_| home);
        let root =
            root.ok_or_else(|| Refusal::Root(format!("the path of <Anonymous {}> cannot be resolved", section.root)))?;
        let root = match attempt.settings.user_root {
            true => root.join(single(&attempt.client.user)),
            false => root,
        };
        // Inside, the root is the home, and nothing else exists.
        let resident = Account { home: "/".into(), ..account.clone() };
        let of_server = section.beginnings_of_server;
        let beginnings = attempt.settings.beginnings_of(&resident, Path::new("/"), of_server);
        Ok(Admission { account, root, section: Some(section.id), beginnings })
    }

    /// The id of a group: one of the account's, or one of the system's.
    fn group(&self, group: &str, account: &Account) -> Option<u32> {
        let own = || account.groups.iter().find(|own| own.name == group).map(|own| own.gid);
        group.parse().ok().or_else(own).or_else(|| self.system.group(group))
    }
}
