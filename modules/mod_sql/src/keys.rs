//! SQLUserPrimaryKey and SQLGroupPrimaryKey: what identifies the session's user and primary group in other tables,
//! kept as notes of the session.

use gantry_api::service::SqlValue;
use gantry_api::{Moment, Result, Value};

use crate::lookup::Query;
use crate::queries::Queries;
use crate::settings::{GroupInfo, Key, Settings, UserInfo};
use crate::variables::{self, KeyOf, Place};

const USER_NOTE: &str = "sql.user-primary-key";
const GROUP_NOTE: &str = "sql.group-primary-key";

/// The queries for the keys.
pub struct Keys {
    user: Option<Query>,
    group: Option<Query>,
}

impl Keys {
    /// Compiles them.
    pub fn compile(settings: &Settings, queries: &Queries) -> Result<Self> {
        // With custom queries the table has its default name, as in ProFTPD.
        let (users, user) = match &settings.users {
            UserInfo::Table([table, name, ..]) => (table.as_str(), name.as_str()),
            UserInfo::Custom(_) => ("users", "userid"),
        };
        let (groups, group) = match &settings.groups {
            GroupInfo::Table([table, name, ..]) => (table.as_str(), name.as_str()),
            GroupInfo::Custom(_) => ("groups", "groupname"),
        };
        let query = |directive: &str, key: &Option<Key>, table: &str, name: &str| match key {
            None => Ok(None),
            Some(Key::Custom(query)) => queries.custom_key(directive, query).map(Some),
            Some(Key::Column(column)) => {
                let text = format!("SELECT {column} FROM {table} WHERE {name} = '%{{0}}' LIMIT 1");
                queries.table(directive, &text, Place::Key).map(Some)
            }
        };
        let user = query("SQLUserPrimaryKey", &settings.user_key, users, user)?;
        Ok(Self { user, group: query("SQLGroupPrimaryKey", &settings.group_key, groups, group)? })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.user.is_none() && self.group.is_none()
    }

    /// Lets the database check the queries.
    pub async fn probe(&self) -> Result<()> {
        for query in self.user.iter().chain(&self.group) {
            query.probe().await?;
        }
        Ok(())
    }

    /// Looks the keys of the session's account up. One that fails stays without a value, and the log says so.
    pub async fn look_up(&self, at: &mut Moment<'_>) {
        let Some(account) = at.session.account.clone() else { return };
        let group = account.groups.iter().find(|group| group.gid == account.gid).map(|group| group.name.as_str());
        let user = Some(account.name.as_str());
        for (query, name, note) in [(&self.user, user, USER_NOTE), (&self.group, group, GROUP_NOTE)] {
            let (Some(query), Some(name)) = (query, name) else { continue };
            if let Some(key) = find(query, name, at).await {
                at.session.notes.set(note, key);
            }
        }
    }
}

async fn find(query: &Query, name: &str, at: &mut Moment<'_>) -> Option<Value> {
    let statement = query.fill(&KeyOf { subject: variables::subject(at), name }).ok()?;
    let rows = query.run(at.session.id, &statement).await.ok()?.rows;
    match rows.into_iter().next()?.into_iter().next()? {
        SqlValue::Null => None,
        SqlValue::Int(number) => Some(Value::Int(number)),
        value => value.into_text().map(Value::from),
    }
}
