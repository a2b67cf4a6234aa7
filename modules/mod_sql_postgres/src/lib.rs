//! mod_sql_postgres: the back end `postgres` of mod_sql, for PostgreSQL. It has no directives:
//! SQLConnectInfo gives the database as `database[@host][:port]` (doc/contrib/mod_sql of ProFTPD's
//! manual). mod_sql decides what to query.

mod driver;
mod plan;
mod schemes;
mod values;

use gantry_api::prelude::*;
use gantry_database::Databases;

use crate::driver::{NAME, PostgresDriver};

/// The module.
#[derive(Default)]
struct SqlPostgres {
    databases: Databases<PostgresDriver>,
}

gantry_api::module! { SqlPostgres, before: ["mod_sql"], runtime: gantry_runtime::start }

#[async_trait]
impl Module for SqlPostgres {
    fn offers(_: &Scopes<'_>) -> Vec<Offer> {
        vec![Offer::sql_backend(NAME, Databases::<PostgresDriver>::judge)]
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        start.publish().sql_backend(NAME, self.databases.clone());
        Ok(())
    }

    async fn stop(&self) {
        self.databases.close_all().await;
    }
}
