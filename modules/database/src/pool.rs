//! The connections to one database. Each statement takes one for as long as it runs.

use std::future::Future;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Manager, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts, WeakPool};
use gantry_api::service::{SqlRows, SqlStatement};
use sqlx_core::Error as SqlxError;
use sqlx_core::connection::Connection;
use tokio::sync::RwLock;
use tokio::time::{sleep, timeout};

use crate::driver::{Blame, Driver};
use crate::error::DatabaseError;
use crate::outage::Outage;
use crate::parameters::Parameters;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was unused for this long is asked whether it still works.
const FRESH: Duration = Duration::from_millis(250);
/// The pause before another look for a connection where the server takes no more.
const FULL_PAUSE: Duration = Duration::from_millis(20);

/// An open database.
pub(crate) struct Pool<D: Driver> {
    connections: managed::Pool<Connector<D>>,
    timeout: Duration,
    /// Each statement holds it; closing takes it from all of them.
    open: RwLock<bool>,
}

/// Makes connections.
struct Connector<D> {
    driver: D,
    outage: Outage,
}

/// A connection.
struct Slot<C> {
    connection: C,
    /// A statement is running, or was cut off.
    busy: bool,
}

impl<D: Driver> Manager for Connector<D> {
    type Type = Slot<D::Connection>;
    type Error = DatabaseError;

    async fn create(&self) -> Result<Self::Type, DatabaseError> {
        let attempt = self.outage.attempt()?;
        let error = match timeout(CONNECT_TIMEOUT, self.driver.connect()).await {
            Ok(Ok(connection)) => {
                attempt.succeeded();
                return Ok(Slot { connection, busy: false });
            }
            Ok(Err(error)) => database_error::<D>(&error),
            Err(_) => DatabaseError::Unavailable(format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs())),
        };
        match error {
            DatabaseError::Full(text) => {
                drop(attempt);
                Err(DatabaseError::Full(text))
            }
            DatabaseError::Configuration(text) => match attempt.failed(&text) {
                DatabaseError::Unavailable(text) => Err(DatabaseError::Configuration(text)),
                other => Err(other),
            },
            DatabaseError::Broken(text) => Err(attempt.failed(&text)),
            error => Err(attempt.failed(&error.to_string())),
        }
    }

    async fn recycle(&self, slot: &mut Self::Type, metrics: &Metrics) -> RecycleResult<DatabaseError> {
        let broken = || RecycleError::message("it is broken");
        if slot.busy {
            return Err(broken());
        }
        if metrics.last_used() < FRESH {
            return Ok(());
        }
        slot.busy = true;
        let answer = timeout(PING_TIMEOUT, slot.connection.ping()).await;
        slot.busy = !matches!(answer, Ok(Ok(())));
        if slot.busy { Err(broken()) } else { Ok(()) }
    }
}

/// A connection while a statement runs on it. One whose statement was cut off is not used again.
struct Lease<D: Driver>(Option<Object<Connector<D>>>);

impl<D: Driver> Drop for Lease<D> {
    fn drop(&mut self) {
        if let Some(object) = self.0.take()
            && object.busy
        {
            drop(Object::take(object));
        }
    }
}

impl<D: Driver> Pool<D> {
    /// Opens a pool and connects once.
    ///
    /// # Errors
    /// The server refuses what the configuration says. That it does not answer is only logged.
    pub(crate) async fn open(driver: D, parameters: &Parameters) -> Result<Self, DatabaseError> {
        let outage = Outage::new(D::MODULE, driver.name().to_owned());
        let timeouts =
            Timeouts { wait: None, create: Some(CONNECT_TIMEOUT + PING_TIMEOUT), recycle: Some(2 * PING_TIMEOUT) };
        let connections = managed::Pool::builder(Connector { driver, outage })
            .max_size(parameters.size)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DatabaseError::Statement(error.to_string()))?;
        let pool = Self { connections, timeout: parameters.timeout, open: RwLock::new(true) };
        // The log has any other error.
        if let Err(DatabaseError::Configuration(text)) = pool.lease().await {
            return Err(DatabaseError::Configuration(text));
        }
        tokio::spawn(close_unused(pool.connections.weak(), parameters.idle));
        Ok(pool)
    }

    /// Runs a statement; it is prepared once per connection.
    pub(crate) async fn run(&self, statement: &SqlStatement) -> Result<SqlRows, DatabaseError> {
        self.bounded(async {
            let mut retries = is_read(statement);
            loop {
                let mut lease = self.lease().await?;
                let Some(slot) = lease.slot() else { return Err(DatabaseError::Closed) };
                slot.busy = true;
                let answer = self.driver().run(&mut slot.connection, statement).await;
                match answer.map_err(|error| database_error::<D>(&error)) {
                    Err(DatabaseError::Broken(_) | DatabaseError::Unavailable(_)) if retries => {
                        // Other connections broke too if the server went away.
                        drop(lease);
                        self.connections.retain(|_, _| false);
                        retries = false;
                    }
                    Err(error @ (DatabaseError::Broken(_) | DatabaseError::Unavailable(_))) => return Err(error),
                    // A wrong statement is found when it is checked; later it is a failure.
                    Err(DatabaseError::Configuration(text)) => {
                        slot.busy = false;
                        return Err(DatabaseError::Statement(text));
                    }
                    answer => {
                        slot.busy = false;
                        return answer;
                    }
                }
            }
        })
        .await
    }

    /// Has the server compile a statement.
    pub(crate) async fn check(&self, statement: &SqlStatement) -> Result<(), DatabaseError> {
        self.bounded(async {
            let mut lease = self.lease().await?;
            let Some(slot) = lease.slot() else { return Err(DatabaseError::Closed) };
            slot.busy = true;
            let answer = self.driver().check(&mut slot.connection, statement).await;
            let answer = answer.map_err(|error| database_error::<D>(&error));
            slot.busy = matches!(answer, Err(DatabaseError::Broken(_) | DatabaseError::Unavailable(_)));
            answer
        })
        .await
    }

    /// Waits for running and queued statements, then closes all connections.
    pub(crate) async fn close(&self) {
        *self.open.write().await = false;
        for slot in self.connections.retain(|_, _| false).removed {
            close(slot).await;
        }
        self.connections.close();
    }

    fn driver(&self) -> &D {
        &self.connections.manager().driver
    }

    fn outage(&self) -> &Outage {
        &self.connections.manager().outage
    }

    /// Does work within the time that a statement has, unless the pool is closed.
    async fn bounded<T>(&self, work: impl Future<Output = Result<T, DatabaseError>>) -> Result<T, DatabaseError> {
        let open = self.open.read().await;
        if !*open {
            return Err(DatabaseError::Closed);
        }
        let seconds = self.timeout.as_secs();
        let late = |_| self.outage().slow(&format!("no answer to a statement within {seconds} seconds"));
        timeout(self.timeout, work).await.map_err(late)?
    }

    async fn lease(&self) -> Result<Lease<D>, DatabaseError> {
        loop {
            let error = match self.connections.get().await {
                Ok(object) => return Ok(Lease(Some(object))),
                Err(error) => error,
            };
            match error {
                PoolError::Backend(DatabaseError::Full(text)) => {
                    if self.connections.status().size == 0 {
                        return Err(self.outage().slow(&text));
                    }
                    // There are other connections, which will become free.
                    sleep(FULL_PAUSE).await;
                }
                PoolError::Backend(error) => return Err(error),
                PoolError::Timeout(_) => return Err(self.outage().slow("no connection in time")),
                PoolError::Closed => return Err(DatabaseError::Closed),
                error => return Err(DatabaseError::Statement(error.to_string())),
            }
        }
    }
}

impl<D: Driver> Lease<D> {
    fn slot(&mut self) -> Option<&mut Slot<D::Connection>> {
        self.0.as_deref_mut()
    }
}

/// Closes connections that were not used for a time, until the pool is gone.
async fn close_unused<D: Driver>(pool: WeakPool<Connector<D>>, idle: Duration) {
    let pause = (idle / 4).clamp(Duration::from_millis(500), Duration::from_secs(30));
    loop {
        sleep(pause).await;
        let Some(pool) = pool.upgrade().filter(|pool| !pool.is_closed()) else { return };
        for slot in pool.retain(|_, metrics| metrics.last_used() < idle).removed {
            close(slot).await;
        }
    }
}

/// Says goodbye, so that the server's log has no complaint.
async fn close<C: Connection>(slot: Slot<C>) {
    if !slot.busy {
        // It is gone, whatever the server says.
        let _ = timeout(PING_TIMEOUT, slot.connection.close()).await;
    }
}

/// What an error of sqlx means.
fn database_error<D: Driver>(error: &SqlxError) -> DatabaseError {
    match error {
        SqlxError::Database(error) => {
            let text = error.message().to_owned();
            match D::blame(&**error) {
                Blame::Configuration => DatabaseError::Configuration(text),
                Blame::Statement => DatabaseError::Statement(text),
                Blame::Server => DatabaseError::Unavailable(text),
                Blame::Full => DatabaseError::Full(text),
            }
        }
        // What rustls has against the other side is such an error.
        SqlxError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            DatabaseError::Configuration(format!("TLS: {error}"))
        }
        SqlxError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DatabaseError::Broken("the server closed it".to_owned())
        }
        SqlxError::Io(error) => DatabaseError::Broken(error.to_string()),
        SqlxError::Tls(error) => DatabaseError::Configuration(format!("TLS: {error}")),
        SqlxError::Configuration(error) => DatabaseError::Configuration(error.to_string()),
        SqlxError::Protocol(text) => DatabaseError::Broken(text.clone()),
        error => DatabaseError::Statement(error.to_string()),
    }
}

/// Whether a statement certainly does not write, so that it can be run once more.
fn is_read(statement: &SqlStatement) -> bool {
    let first = statement.pieces.first().map(|piece| piece.trim_start());
    first.and_then(|text| text.get(..6)).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}
