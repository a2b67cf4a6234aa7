//! Groups in the database: SQLGroupInfo and SQLGroupWhereClause.

use gantry_api::service::{LoginRequest, SqlValue};
use gantry_api::{Account, Error, Group, Result, log};

use crate::id_names::IdNames;
use crate::lookup::{self, Ids, Query};
use crate::queries::Queries;
use crate::settings::{CustomGroups, GroupInfo, Settings, SqlOption};
use crate::variables::{Lookup, Place};

/// The queries for groups.
pub struct Groups {
    by_id: Query,
    by_member: Query,
    members: Members,
    names: IdNames,
    gids: Ids,
}

/// The contents of the column of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Members {
    /// Names separated by commas. The database finds rows that contain the name; this
    /// code checks whether it is really a member.
    List,
    /// The query finds exactly the right rows.
    Matched,
}

impl Groups {
    /// Compiles the configured queries.
    pub fn compile(settings: &Settings, queries: &Queries) -> Result<Self> {
        match &settings.groups {
            GroupInfo::Custom(CustomGroups { by_name, by_id, by_member, .. }) => {
                let custom = |name| queries.custom("SQLGroupInfo", name);
                // Groups are not listed by name yet, but the query must exist.
                custom(by_name)?;
                Ok(Self::new(settings, custom(by_id)?, custom(by_member)?, Members::Matched))
            }
            GroupInfo::Table([table, name, gid, members]) => {
                let normalized = settings.options.contains(&SqlOption::UseNormalizedGroupSchema);
                let (condition, kind) = match normalized {
                    true => (format!("{members} = '%{{0}}'"), Members::Matched),
                    false => (format!("{members} LIKE '%%%{{0}}%%' ESCAPE '!'"), Members::List),
                };
                let and = lookup::and(&settings.group_where);
                let select =
                    |condition: &str| format!("SELECT {name}, {gid}, {members} FROM {table} WHERE ({condition}){and}");
                let by_id = queries.table("SQLGroupInfo", &select(&format!("{gid} = %{{0}}")), Place::Lookup)?;
                let by_member = queries.table("SQLGroupInfo", &select(&condition), Place::Lookup)?;
                Ok(Self::new(settings, by_id, by_member, kind))
            }
        }
    }

    fn new(settings: &Settings, by_id: Query, by_member: Query, members: Members) -> Self {
        let (_, gids) = Ids::of(settings);
        let names = IdNames::new(by_id.clone(), gids, settings.negative_cache);
        Self { by_id, by_member, members, names, gids }
    }

    /// The name of a group by its gid.
    pub async fn name_of(&self, request: &LoginRequest, gid: u32) -> Result<Option<String>> {
        self.names.find(request, gid).await
    }

    /// Lets the database check the queries.
    pub async fn probe(&self) -> Result<()> {
        self.by_id.probe().await?;
        self.by_member.probe().await
    }

    /// The groups of a user; the primary one comes first, if it has a row.
    pub async fn find(&self, request: &LoginRequest, account: &Account) -> Result<Vec<Group>> {
        let id = account.gid.to_string();
        let mut found = Vec::new();
        for row in self.by_id.look_up(&Lookup { request, argument: &id }).await? {
            let (group, _) = self.group(row)?;
            add(&mut found, group.filter(|group| group.gid == account.gid));
        }
        let pattern = match self.members {
            Members::List => escaped(&account.name),
            Members::Matched => account.name.clone(),
        };
        for row in self.by_member.look_up(&Lookup { request, argument: &pattern }).await? {
            let (group, members) = self.group(row)?;
            if self.members == Members::Matched || has(&members, &account.name) {
                add(&mut found, group);
            }
        }
        Ok(found)
    }

    /// Makes a group from name, gid and members; `None` if its gid is below the limit,
    /// because a table must not grant root's or the system's groups.
    fn group(&self, row: Vec<SqlValue>) -> Result<(Option<Group>, String)> {
        let count = row.len();
        let Ok([name, gid, members]) = <[SqlValue; 3]>::try_from(row) else {
            return Err(Error::system(format!("SQLGroupInfo: expected 3 columns for a group, found {count}")));
        };
        let name = name.into_text().unwrap_or_default();
        let gid = lookup::id(&gid).ok_or_else(|| {
            Error::system(format!("SQLGroupInfo: the gid of group '{}' is not a number", name.escape_debug()))
        })?;
        let members = members.into_text().unwrap_or_default();
        if gid < self.gids.lowest && gid != self.gids.default {
            log!(Debug, "group '{}' is left out: its gid is below SQLMinUserGID", name.escape_debug());
            return Ok((None, members));
        }
        Ok((Some(Group { name, gid }), members))
    }
}

/// Several rows may describe one group.
fn add(found: &mut Vec<Group>, group: Option<Group>) {
    if let Some(group) = group
        && !found.iter().any(|known| known.gid == group.gid && known.name == group.name)
    {
        found.push(group);
    }
}

/// Whether a list with commas contains a name.
fn has(members: &str, name: &str) -> bool {
    members.split(',').any(|member| member.trim() == name)
}

/// A name escaped for LIKE with `ESCAPE '!'`.
fn escaped(name: &str) -> String {
    name.chars()
        .flat_map(|letter| matches!(letter, '!' | '%' | '_').then_some('!').into_iter().chain([letter]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_whole_names() {
        for (members, name, wanted) in [
            ("naomi, priscilla,gertrude", "priscilla", true),
            ("naomi", "naomi", true),
            ("naomi2,xnaomi", "naomi", false),
            ("Naomi", "naomi", false),
            ("", "", true),
            ("a b", "a b", true),
        ] {
            assert_eq!(has(members, name), wanted, "{members} {name}");
        }
        assert_eq!(escaped("a_b%c!d"), "a!_b!%c!!d");
    }
}
