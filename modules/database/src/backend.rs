//! The service: open databases by number. A single one is in `pool`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::service::{SqlBackend, SqlConnect, SqlPool, SqlRows, SqlStatement, Verdict};
use gantry_api::{Result, async_trait};
use gantry_secrets::Hashing;

use crate::driver::Driver;
use crate::error::DatabaseError;
use crate::parameters::Parameters;
use crate::pool::Pool;

/// A back end for one kind of server. Clones share their databases.
pub struct Databases<D: Driver> {
    open: Arc<Open<D>>,
}

struct Open<D: Driver> {
    next: AtomicU64,
    pools: Mutex<HashMap<SqlPool, Arc<Pool<D>>>>,
    hashing: Hashing,
}

impl<D: Driver> Clone for Databases<D> {
    fn clone(&self) -> Self {
        Self { open: self.open.clone() }
    }
}

impl<D: Driver> Default for Databases<D> {
    fn default() -> Self {
        let open = Open { next: AtomicU64::new(0), pools: Mutex::default(), hashing: Hashing::default() };
        Self { open: Arc::new(open) }
    }
}

impl<D: Driver> Databases<D> {
    /// Judges a SQLConnectInfo without connecting, for [`gantry_api::check::Offer::sql_backend`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn judge(connect: &SqlConnect) -> Result<Vec<String>> {
        let parameters = Parameters::read(connect)?;
        D::new(connect, &parameters)?;
        Ok(parameters.notices)
    }

    /// Closes all databases that are still open.
    pub async fn close_all(&self) {
        let left: Vec<_> = self.pools().drain().map(|(_, pool)| pool).collect();
        for pool in left {
            pool.close().await;
        }
    }

    fn pool(&self, pool: SqlPool) -> Result<Arc<Pool<D>>, DatabaseError> {
        self.pools().get(&pool).cloned().ok_or(DatabaseError::Closed)
    }

    // A panic while it is locked leaves it consistent.
    fn pools(&self) -> MutexGuard<'_, HashMap<SqlPool, Arc<Pool<D>>>> {
        self.open.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<D: Driver> SqlBackend for Databases<D> {
    async fn open(&self, connect: &SqlConnect) -> Result<SqlPool> {
        let parameters = Parameters::read(connect)?;
        let pool = Pool::open(D::new(connect, &parameters)?, &parameters).await?;
        let number = SqlPool(self.open.next.fetch_add(1, Ordering::Relaxed));
        self.pools().insert(number, Arc::new(pool));
        Ok(number)
    }

    async fn check(&self, pool: SqlPool, statement: &SqlStatement) -> Result<()> {
        Ok(self.pool(pool)?.check(statement).await?)
    }

    async fn run(&self, pool: SqlPool, statement: &SqlStatement) -> Result<SqlRows> {
        Ok(self.pool(pool)?.run(statement).await?)
    }

    async fn verify(&self, user: &str, stored: &str, password: &[u8]) -> Result<Verdict> {
        let (user, stored, password) = (user.to_owned(), stored.to_owned(), password.to_vec());
        let fits = self.open.hashing.run(move || D::verify(&user, &stored, &password)).await?;
        Ok(match fits {
            Some(true) => Verdict::Accepted,
            Some(false) => Verdict::Rejected,
            None => Verdict::Unknown,
        })
    }

    async fn close(&self, pool: SqlPool) -> Result<()> {
        let pool = self.pools().remove(&pool);
        if let Some(pool) = pool {
            pool.close().await;
        }
        Ok(())
    }
}
