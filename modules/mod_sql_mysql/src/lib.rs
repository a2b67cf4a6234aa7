//! mod_sql_mysql: the back end `mysql` of mod_sql, for MariaDB and MySQL. It has no directives:
//! SQLConnectInfo gives the database as `database[@host][:port]` (doc/contrib/mod_sql of ProFTPD's
//! manual). mod_sql decides what to query.

mod driver;
mod schemes;
mod values;

use gantry_api::prelude::*;
use gantry_database::Databases;

use crate::driver::{MySqlDriver, NAME};

/// The module.
#[derive(Default)]
struct SqlMySql {
    databases: Databases<MySqlDriver>,
}

gantry_api::module! { SqlMySql, before: ["mod_sql"], runtime: gantry_runtime::start }

#[async_trait]
impl Module for SqlMySql {
    fn offers(_: &Scopes<'_>) -> Vec<Offer> {
        vec![Offer::sql_backend(NAME, Databases::<MySqlDriver>::judge)]
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        start.publish().sql_backend(NAME, self.databases.clone());
        Ok(())
    }

    async fn stop(&self) {
        self.databases.close_all().await;
    }
}
