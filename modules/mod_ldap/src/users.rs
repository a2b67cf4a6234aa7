//! Users in a directory: LDAPUsers, LDAPGroups, and what makes an account of an entry.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use gantry_api::system::System;
use gantry_api::{Account, Error, ErrorKind, Group, Result, log};
use ldap3::controls::RawControl;

use crate::directory::Directory;
use crate::log_file::Log;
use crate::request::{Entry, Search};
use crate::secret::{LOCKED, Secret};
use crate::settings::Settings;
use crate::template::{Base, Filter};
use crate::values::{DefaultId, DefaultScheme, Lookups};

/// More groups than a user is in.
const MOST_GROUPS: usize = 1000;

/// The users of one server of the configuration.
pub(crate) struct Users {
    /// Who knows them.
    pub(crate) directory: Arc<Directory>,
    /// LDAPLog.
    pub(crate) log: Option<Log>,
    /// Whether searches tell of the session.
    pub(crate) tracks: bool,
    /// The scheme of passwords without one.
    pub(crate) scheme: DefaultScheme,
    base: Base,
    filter: Filter,
    /// Finds users by their numbers.
    by_number: Filter,
    groups: Option<Groups>,
    names: Names,
    settings: Settings,
    system: Arc<dyn System>,
}

/// LDAPGroups.
struct Groups {
    base: Base,
    by_number: Filter,
    by_member: Filter,
}

/// What attributes are called in the directory.
#[derive(Debug, Clone)]
struct Names {
    uid: String,
    uid_number: String,
    gid_number: String,
    home: String,
    password: String,
    shell: String,
    cn: String,
    member: String,
    quota: String,
}

impl Names {
    fn of(settings: &Settings) -> Self {
        let name = |name: &str| {
            let renamed = settings.names.iter().rev().find(|(old, _)| old == name);
            renamed.map_or_else(|| name.to_owned(), |(_, new)| new.clone())
        };
        Self {
            uid: name("uid"),
            uid_number: name("uidNumber"),
            gid_number: name("gidNumber"),
            home: name("homeDirectory"),
            password: name("userPassword"),
            shell: name("loginShell"),
            cn: name("cn"),
            member: name("memberUid"),
            quota: name("ftpQuota"),
        }
    }
}

impl Users {
    /// Those that the settings describe; none without LDAPUsers.
    pub(crate) fn new(settings: &Settings, directory: Arc<Directory>, system: Arc<dyn System>) -> Result<Option<Self>> {
        let Some(lookups) = &settings.users else { return Ok(None) };
        let fault = |error: String| Error::configuration(format!("LDAPUsers: {error}"));
        let names = Names::of(settings);
        let by_name = format!("(&({}=%v)(objectclass=posixAccount))", names.uid);
        let filter = lookups.filters.first().unwrap_or(&by_name);
        let by_number = format!("(&({}=%v)(objectclass=posixAccount))", names.uid_number);
        let by_number = lookups.filters.get(1).unwrap_or(&by_number);
        let groups = settings.groups.as_ref().map(|lookups| Groups::new(lookups, &names)).transpose();
        Ok(Some(Self {
            directory,
            log: settings.log_target().as_ref().map(Log::open).transpose()?,
            tracks: settings.tracking,
            scheme: settings.scheme,
            base: Base::parse(&lookups.base).map_err(fault)?,
            filter: Filter::parse(filter).map_err(fault)?,
            by_number: Filter::parse(by_number).map_err(fault)?,
            groups: groups.map_err(|error| Error::configuration(format!("LDAPGroups: {error}")))?,
            names,
            settings: settings.clone(),
            system,
        }))
    }

    /// The account of a user, with its groups.
    pub(crate) async fn account(&self, user: &str, tracking: Option<RawControl>) -> Result<Option<Account>> {
        let Some(entry) = self.entry(user, tracking.clone()).await? else { return Ok(None) };
        let fault = |what: &str| fault_of(&entry, what);
        if entry.dn.is_empty() {
            return Err(fault("has no name"));
        }
        // As in ProFTPD: what the directory calls the user, whose case may be another.
        let name = entry.text(&self.names.uid).unwrap_or(user).to_owned();
        let (uid, gid) = self.ids(&entry, &name).await?;
        let mut account = Account {
            uid,
            gid,
            groups: Vec::new(),
            home: self.home(&entry, &name)?,
            shell: entry.text(&self.names.shell).unwrap_or_default().to_owned(),
            secret: Some(self.secret(&entry, user)),
            name,
        };
        if let Some(groups) = &self.groups {
            account.groups = self.groups_of(groups, &account, tracking).await?;
        }
        Ok(Some(account))
    }

    /// The name of the user with this id, for listings; none if there is none, or more than one.
    pub(crate) async fn user_name(&self, uid: u32) -> Result<Option<String>> {
        // The files of all users are one user's then.
        match self.settings.force_uid || self.base.has_places() {
            true => Ok(None),
            false => self.name_of(&self.base, &self.by_number, uid, &self.names.uid).await,
        }
    }

    /// The name of the group with this id, likewise.
    pub(crate) async fn group_name(&self, gid: u32) -> Result<Option<String>> {
        match &self.groups {
            Some(groups) if !self.settings.force_gid && !groups.base.has_places() => {
                self.name_of(&groups.base, &groups.by_number, gid, &self.names.cn).await
            }
            _ => Ok(None),
        }
    }

    async fn name_of(&self, base: &Base, filter: &Filter, id: u32, attribute: &str) -> Result<Option<String>> {
        let search = Search {
            base: base.of(""),
            filter: filter.of(&id.to_string()),
            attributes: vec![attribute.to_owned()],
            most: 1,
            may_lack_base: false,
            may_be_many: true,
            tracking: None,
        };
        let found = self.directory.search(search).await?;
        Ok(found.first().and_then(|entry| entry.text(attribute)).map(str::to_owned))
    }

    /// The quota of a user: ftpQuota, or LDAPDefaultQuota; none if there is no such user.
    pub(crate) async fn quota(&self, user: &str) -> Result<Option<String>> {
        let Some(entry) = self.found(user, vec![self.names.quota.clone()], None).await? else { return Ok(None) };
        match entry.text(&self.names.quota) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Ok(self.settings.quota.clone()),
        }
    }

    async fn entry(&self, user: &str, tracking: Option<RawControl>) -> Result<Option<Entry>> {
        let Names { uid, uid_number, gid_number, home, shell, password, .. } = &self.names;
        let mut attributes = vec![uid, uid_number, gid_number, home, shell];
        if !self.settings.auth_binds {
            attributes.push(password);
        }
        self.found(user, attributes.into_iter().cloned().collect(), tracking).await
    }

    async fn found(&self, user: &str, attributes: Vec<String>, tracking: Option<RawControl>) -> Result<Option<Entry>> {
        let search = Search {
            base: self.base.of(user),
            filter: self.filter.of(user),
            attributes,
            most: 1,
            may_lack_base: self.base.has_places(),
            may_be_many: false,
            tracking,
        };
        Ok(self.directory.search(search).await?.into_iter().next())
    }

    /// How a password of the user is checked.
    fn secret(&self, entry: &Entry, user: &str) -> String {
        if self.settings.auth_binds {
            return Secret::Bind(entry.dn.clone()).encode(user);
        }
        let values = entry.values(&self.names.password).to_vec();
        if values.is_empty() {
            let dn = entry.dn.escape_debug();
            log!(
                Warn,
                "LDAPBindDN may read no {} of {dn}, or there is none: no password is right",
                self.names.password
            );
            return LOCKED.to_owned();
        }
        // What locked accounts have takes no time to check, which mod_auth makes up for.
        let is_locked = |value: &Vec<u8>| matches!(value.as_slice(), [] | [b'*' | b'!', ..]);
        match values.iter().all(is_locked) {
            true => LOCKED.to_owned(),
            false => Secret::Compare(values).encode(user),
        }
    }

    /// The user and group ids. What is no number never becomes 0, which is root.
    async fn ids(&self, entry: &Entry, name: &str) -> Result<(u32, u32)> {
        let Settings { uid, gid, force_uid, force_gid, .. } = &self.settings;
        let uid = own_id(entry, &self.names.uid_number, *force_uid, *uid, "LDAPDefaultUID")?;
        let gid = own_id(entry, &self.names.gid_number, *force_gid, *gid, "LDAPDefaultGID")?;
        let system = match uid.is_none() || gid.is_none() {
            true => self.system.user(name).await?,
            false => None,
        };
        let ids = uid.or(system.as_ref().map(|user| user.uid)).zip(gid.or(system.as_ref().map(|user| user.gid)));
        ids.ok_or_else(|| fault_of(entry, "lacks an id, and the system has no user of that name"))
    }

    /// The home folder: homeDirectory, or a generated one.
    fn home(&self, entry: &Entry, name: &str) -> Result<PathBuf> {
        let Settings { generates, prefix, prefix_alone, forces, .. } = &self.settings;
        let fault = |what: String| fault_of(entry, &what);
        let own = entry.text(&self.names.home).filter(|_| !(*forces && *generates));
        let home = match (own, prefix) {
            (Some(own), _) => PathBuf::from(own),
            (None, Some(prefix)) if *generates && *prefix_alone => prefix.clone(),
            (None, Some(prefix)) if *generates => match is_plain(name) {
                true => prefix.join(name),
                false => return Err(fault(format!("has a {} that is no name of a folder", self.names.uid))),
            },
            _ => return Err(fault(format!("has no {}, and LDAPGenerateHomedir is off", self.names.home))),
        };
        match home.is_absolute() && !home.to_string_lossy().contains('\0') {
            true => Ok(home),
            false => Err(fault(format!("has a {} that is not an absolute path", self.names.home))),
        }
    }

    /// The primary group, if the directory has it, and those that have the user as a member.
    async fn groups_of(&self, groups: &Groups, account: &Account, tracking: Option<RawControl>) -> Result<Vec<Group>> {
        let search = |filter: String, value: &str, most: usize| Search {
            base: groups.base.of(value),
            filter,
            attributes: vec![self.names.cn.clone(), self.names.gid_number.clone()],
            most,
            may_lack_base: groups.base.has_places(),
            may_be_many: false,
            tracking: tracking.clone(),
        };
        let gid = account.gid.to_string();
        let primary = search(groups.by_number.of(&gid), &gid, 1);
        let member = search(groups.by_member.of(&account.name), &account.name, MOST_GROUPS);
        let mut found: Vec<Group> = Vec::new();
        for entry in self.directory.search(primary).await?.into_iter().chain(self.directory.search(member).await?) {
            let name = entry.text(&self.names.cn).map(str::to_owned);
            match (name, entry.text(&self.names.gid_number).and_then(id)) {
                (Some(name), Some(gid)) if found.iter().all(|group| group.name != name) => {
                    found.push(Group { name, gid })
                }
                (Some(_), Some(_)) => {}
                // A rule may be about it.
                _ => {
                    let what = format!("has no {} or no {}", self.names.cn, self.names.gid_number);
                    return Err(fault_of(&entry, &what));
                }
            }
        }
        Ok(found)
    }
}

impl Groups {
    fn new(lookups: &Lookups, names: &Names) -> std::result::Result<Self, String> {
        let filter = |at: usize, attribute: &str| {
            let default = format!("(&({attribute}=%v)(objectclass=posixGroup))");
            Filter::parse(lookups.filters.get(at).unwrap_or(&default))
        };
        Ok(Self {
            base: Base::parse(&lookups.base)?,
            // Nothing asks for a group by its name (the first filter).
            by_number: filter(1, &names.gid_number)?,
            by_member: filter(2, &names.member)?,
        })
    }
}

/// An error that is about an entry.
fn fault_of(entry: &Entry, what: &str) -> Error {
    Error::system(format!("the entry {} {what}", entry.dn.escape_debug())).with_kind(ErrorKind::Invalid)
}

/// The id of an entry, or the default; none if it is that of the system's user.
fn own_id(
    entry: &Entry,
    attribute: &str,
    is_forced: bool,
    default: Option<DefaultId>,
    directive: &str,
) -> Result<Option<u32>> {
    if !is_forced && !entry.values(attribute).is_empty() {
        let own = entry.text(attribute).and_then(id);
        return own.map(Some).ok_or_else(|| fault_of(entry, &format!("has a value of {attribute} that is no id")));
    }
    match default {
        Some(DefaultId::Is(id)) => Ok(Some(id)),
        Some(DefaultId::Auto) => Ok(None),
        None => Err(fault_of(entry, &format!("has no {attribute}, and {directive} is not set"))),
    }
}

/// A number of the system's users or groups; the highest means none.
fn id(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|id| is_number && *id < u32::MAX)
}

/// Whether a name is that of one folder, and leads nowhere else.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_one = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    is_one && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_lead_nowhere_else() {
        for name in ["ann", "Ann Lee", "a.b", "..a", "jörg"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "/etc", "a/", "../x", "a\0b"] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn ids_are_numbers() {
        assert_eq!(["0", "1000", "4294967294"].map(id), [Some(0), Some(1000), Some(4_294_967_294)]);
        for text in ["", "-1", "+1", "root", "1x", "4294967295", " 1", "99999999999"] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
