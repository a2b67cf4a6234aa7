//! Users in the database: SQLUserInfo, SQLUserWhereClause and the limits on ids.

use std::path::PathBuf;

use gantry_api::service::{LoginRequest, SqlValue};
use gantry_api::{Account, Error, Result};

use crate::id_names::IdNames;
use crate::lookup::{self, Ids, Query};
use crate::names;
use crate::queries::Queries;
use crate::settings::{Settings, UserInfo};
use crate::variables::{Lookup, Place};

/// The query for users.
pub struct Users {
    query: Query,
    /// How names are found by uid, if a user has one of its own.
    names: Option<IdNames>,
    /// The home if the database has none: SQLDefaultHomedir, but only if SQLUserInfo
    /// names no column for it.
    home: Option<PathBuf>,
    uids: Ids,
    gids: Ids,
}

impl Users {
    /// Compiles the configured query; `None` if no user can have a home, as in the
    /// manual.
    pub fn compile(settings: &Settings, queries: &Queries) -> Result<Option<Self>> {
        let (query, by_id, fixed_home) = match &settings.users {
            UserInfo::Custom(names) => {
                let by_id = names.by_id.as_ref().map(|name| queries.custom("SQLUserInfo", name)).transpose()?;
                (queries.custom("SQLUserInfo", &names.by_name)?, by_id, true)
            }
            UserInfo::Table([table, name, password, uid, gid, home, shell]) => {
                let and = lookup::and(&settings.user_where);
                let text = format!(
                    "SELECT {name}, {password}, {uid}, {gid}, {home}, {shell} FROM {table} WHERE ({name} = '%U'){and} LIMIT 1"
                );
                let query = |text: &str| queries.table("SQLUserInfo", text, Place::Lookup);
                let by_id = (!names::is_constant(uid))
                    .then(|| query(&format!("SELECT {name} FROM {table} WHERE ({uid} = %{{0}}){and} LIMIT 1")));
                (query(&text)?, by_id.transpose()?, is_null(home))
            }
        };
        if !have_homes(settings) {
            return Ok(None);
        }
        let home = settings.default_home.clone().filter(|_| fixed_home);
        let (uids, gids) = Ids::of(settings);
        let names = by_id.map(|query| IdNames::new(query, uids, settings.negative_cache));
        Ok(Some(Self { query, names, home, uids, gids }))
    }

    /// The name of a user by its uid.
    pub async fn name_of(&self, request: &LoginRequest, uid: u32) -> Result<Option<String>> {
        match &self.names {
            Some(names) => names.find(request, uid).await,
            None => Ok(None),
        }
    }

    /// Lets the database check the query.
    pub async fn probe(&self) -> Result<()> {
        self.query.probe().await
    }

    /// Looks up a user, without groups.
    pub async fn find(&self, request: &LoginRequest) -> Result<Option<Account>> {
        let user = request.user.as_str();
        let rows = self.query.look_up(&Lookup { request, argument: user }).await?;
        match rows.len() {
            0 => Ok(None),
            1 => self.account(user, rows.into_iter().next().unwrap_or_default()).map(Some),
            many => Err(Error::system(format!(
                "SQLUserInfo: expected one row for user '{}', found {many}",
                user.escape_debug()
            ))),
        }
    }

    /// Makes an account from name, password, uid, gid, home and shell.
    fn account(&self, user: &str, row: Vec<SqlValue>) -> Result<Account> {
        let shown = user.escape_debug();
        let count = row.len();
        let Ok([name, password, uid, gid, home, shell]) = <[SqlValue; 6]>::try_from(row) else {
            return Err(Error::system(format!("SQLUserInfo: expected 6 columns for user '{shown}', found {count}")));
        };
        let fault = |what: &str| Error::system(format!("SQLUserInfo: user '{shown}' has {what}"));
        let home = match home.into_text() {
            Some(home) => PathBuf::from(home),
            None => self.home.clone().ok_or_else(|| fault("no home folder"))?,
        };
        if !home.is_absolute() || home.to_string_lossy().contains('\0') {
            return Err(fault("a home folder that is not an absolute path"));
        }
        Ok(Account {
            name: name.into_text().filter(|name| !name.is_empty()).unwrap_or_else(|| user.to_owned()),
            uid: self.uids.of_value(uid).ok_or_else(|| fault("a uid that is not a number"))?,
            gid: self.gids.of_value(gid).ok_or_else(|| fault("a gid that is not a number"))?,
            groups: Vec::new(),
            home,
            shell: shell.into_text().unwrap_or_default(),
            secret: password.into_text(),
        })
    }
}

/// Whether users of the database can log in.
pub fn let_in(settings: &Settings) -> bool {
    settings.database().is_some()
        && settings.looks_up_users()
        && have_homes(settings)
        && !settings.auth_types.is_empty()
}

/// Whether users have a home folder, without which nobody logs in.
pub fn have_homes(settings: &Settings) -> bool {
    match &settings.users {
        UserInfo::Custom(_) => true,
        UserInfo::Table([.., home, _]) => !is_null(home) || settings.default_home.is_some(),
    }
}

fn is_null(column: &str) -> bool {
    column.eq_ignore_ascii_case("NULL")
}
