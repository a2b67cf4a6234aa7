//! mod_sql_passwd: more formats of passwords in SQL databases, as types of mod_sql's SQLAuthTypes
//! (doc/contrib/mod_sql_passwd of ProFTPD's manual): digests with salts and rounds, PBKDF2, scrypt,
//! Argon2, bcrypt. What Debian's ProFTPD 1.3.8 does where the manual leaves it open is in the tests
//! of `recipe`.

mod directives;
mod judge;
mod phc;
mod recipe;
mod salt_file;
mod settings;

use std::collections::HashMap;
use std::sync::Arc;

use gantry_api::prelude::*;

use crate::judge::{Judge, Server};
use crate::recipe::Kind;
use crate::settings::Settings;

/// The module.
#[derive(Default)]
struct SqlPasswd;

gantry_api::module! { SqlPasswd, settings: Settings, before: ["mod_sql"], runtime: gantry_runtime::start }

#[async_trait]
impl Module for SqlPasswd {
    fn offers(scopes: &Scopes<'_>) -> Vec<Offer> {
        let servers = scopes.servers::<Settings>().map(|scope| scope.server);
        let types = |server| Kind::ALL.iter().map(move |(name, _)| Offer::SqlPasswords(server, (*name).to_owned()));
        servers.flat_map(types).collect()
    }

    fn check(check: &mut Check<'_>) {
        for scope in check.scopes().servers::<Settings>() {
            if let Some(file) = &scope.settings.salt_file
                && let Err(error) = salt_file::read(&file.path)
            {
                check.fault(scope.line("SQLPasswordSaltFile"), error);
            }
            let queries = [
                ("SQLPasswordUserSalt", scope.settings.user_salt.as_ref().and_then(|salt| salt.query.as_deref())),
                ("SQLPasswordPBKDF2", scope.settings.pbkdf2.as_ref().and_then(settings::Pbkdf2::query)),
            ];
            for (directive, query) in queries {
                let Some(query) = query else { continue };
                let is_there = check.offers().any(|(_, offer)| match offer {
                    Offer::SqlQuery(server, name) => *server == scope.server && name == query,
                    _ => false,
                });
                if !is_there && check.has_all("SQLNamedQuery") && check.has_all("SQLConnectInfo") {
                    let line = scope.line(directive).at(query);
                    check.fault(line, format!("no SQLNamedQuery has the name '{query}'"));
                }
            }
        }
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let mut servers = HashMap::new();
        for (id, settings) in start.servers::<Settings>() {
            servers.insert(id, Server::new(settings).map_err(Error::configuration)?);
        }
        let judge = Judge::new(servers);
        let shared = Arc::new(judge);
        for (name, _) in Kind::ALL {
            start.publish().sql_passwords(name, judge::Shared(shared.clone()));
        }
        Ok(())
    }
}
