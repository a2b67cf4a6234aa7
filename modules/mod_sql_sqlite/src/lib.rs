//! mod_sql_sqlite: the back end `sqlite3` of mod_sql (doc/contrib/mod_sql_sqlite in
//! ProFTPD's manual). It has no directives: SQLConnectInfo gives the full path of the
//! database. mod_sql decides what to query.

mod backend;
mod database;
mod error;
mod values;

use gantry_api::prelude::*;

pub use backend::Sqlite;

/// The module.
#[derive(Default)]
struct SqlSqlite {
    sqlite: Sqlite,
}

gantry_api::module! { SqlSqlite, before: ["mod_sql"], runtime: gantry_runtime::start }

/// Its name in SQLBackend.
const NAME: &str = "sqlite3";

#[async_trait]
impl Module for SqlSqlite {
    fn offers(_: &Scopes<'_>) -> Vec<Offer> {
        vec![Offer::sql_backend(NAME, backend::judge)]
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        start.publish().sql_backend(NAME, self.sqlite.clone());
        Ok(())
    }

    async fn stop(&self) {
        self.sqlite.close_all().await;
    }
}
