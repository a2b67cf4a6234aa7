//! The service: open databases by number. A single one is in `database`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::Result;
use gantry_api::async_trait;
use gantry_api::service::{SqlBackend, SqlConnect, SqlPool, SqlRows, SqlStatement, Verdict};

use crate::database::{self, Database};
use crate::error::SqliteError;

/// SQLite for mod_sql. Clones share their databases.
#[derive(Clone, Default)]
pub struct Sqlite {
    open: Arc<Open>,
}

#[derive(Default)]
struct Open {
    next: AtomicU64,
    databases: Mutex<HashMap<SqlPool, Arc<Database>>>,
}

/// Judges a SQLConnectInfo without opening the file for reading.
pub(crate) fn judge(connect: &SqlConnect) -> Result<Vec<String>> {
    database::check(&connect.database)?;
    let without_effect = |(name, _): &(String, String)| format!("{name} has no effect: SQLite has no server");
    Ok(connect.parameters.iter().map(without_effect).collect())
}

impl Sqlite {
    /// Closes all databases that are still open.
    pub async fn close_all(&self) {
        let left: Vec<_> = self.databases().drain().map(|(_, database)| database).collect();
        for database in left {
            database.close().await;
        }
    }

    // A panic while it is locked leaves it consistent.
    fn databases(&self) -> MutexGuard<'_, HashMap<SqlPool, Arc<Database>>> {
        self.open.databases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SqlBackend for Sqlite {
    async fn open(&self, connect: &SqlConnect) -> Result<SqlPool> {
        let database = Database::open(&connect.database).await?;
        let pool = SqlPool(self.open.next.fetch_add(1, Ordering::Relaxed));
        self.databases().insert(pool, Arc::new(database));
        Ok(pool)
    }

    async fn run(&self, pool: SqlPool, statement: &SqlStatement) -> Result<SqlRows> {
        let database = self.databases().get(&pool).cloned();
        Ok(database.ok_or(SqliteError::Closed)?.run(statement).await?)
    }

    async fn check(&self, pool: SqlPool, statement: &SqlStatement) -> Result<()> {
        let database = self.databases().get(&pool).cloned();
        Ok(database.ok_or(SqliteError::Closed)?.check(statement).await?)
    }

    async fn verify(&self, _user: &str, _stored: &str, _password: &[u8]) -> Result<Verdict> {
        Ok(Verdict::Unknown)
    }

    async fn close(&self, pool: SqlPool) -> Result<()> {
        let database = self.databases().remove(&pool);
        if let Some(database) = database {
            database.close().await;
        }
        Ok(())
    }
}
