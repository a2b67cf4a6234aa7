//! One database file with its connections. sqlx runs each connection on a
//! thread of its own, which ends when the connection is closed.

use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use gantry_api::service::{SqlRows, SqlStatement};
use sqlx_core::Either;
use sqlx_core::connection::ConnectOptions;
use sqlx_core::executor::Executor;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_sqlite::{Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions};
use tokio::sync::{Mutex, RwLock};

use crate::error::SqliteError;
use crate::values;

/// How many statements of one pool run at once.
const CONNECTIONS: u32 = 4;
/// How long a statement waits for locks that other processes hold.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a statement waits for a connection; as long as the queue of a
/// thousand writers on a slow disk.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an unused connection keeps its thread.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// An open database.
pub(crate) struct Database {
    pool: SqlitePool,
    /// Held by each statement; to close, all of it is taken.
    underway: RwLock<()>,
    /// SQLite lets one connection write at a time. Those who queue here are
    /// served in order, and at once; those who meet at the file's lock sleep
    /// and try again.
    writer: Mutex<()>,
}

impl Database {
    /// Opens a file that must be there, and reads from it. Its journal mode
    /// stays what it is.
    pub(crate) async fn open(path: &str) -> Result<Self, SqliteError> {
        check(path)?;
        let refused = |error: SqliteError| SqliteError::Refused { path: path.to_owned(), error: Box::new(error) };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_TIMEOUT)
            // SQLite's default, which sqlx changes.
            .foreign_keys(false)
            .thread_name(|number| format!("sqlite-{number}"))
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let database = Self { pool, underway: RwLock::default(), writer: Mutex::default() };
        // Connections are made, and the file is read, for the first statement.
        let probe =
            SqlStatement { pieces: vec!["SELECT count(*) FROM sqlite_master".to_owned()], parameters: Vec::new() };
        if let Err(error) = database.run(&probe).await {
            database.close().await;
            return Err(refused(error));
        }
        Ok(database)
    }

    /// Runs a statement; it is prepared once a connection.
    pub(crate) async fn run(&self, statement: &SqlStatement) -> Result<SqlRows, SqliteError> {
        let _underway = self.underway.read().await;
        let sql = values::text(statement)?;
        let arguments = values::arguments(&statement.parameters)?;
        let _writer = match is_read(&sql) {
            true => None,
            false => Some(self.writer.lock().await),
        };
        let mut connection = self.pool.acquire().await?;
        let answer = collect(&mut connection, sql, arguments).await;
        // Dropped, it would go back by a task, and the next statement might
        // open a further connection meanwhile.
        connection.return_to_pool().await;
        answer
    }

    /// Waits for what is under way or queued, then ends all connections.
    pub(crate) async fn close(&self) {
        let _all = self.underway.write().await;
        self.pool.close().await;
    }
}

async fn collect(
    connection: &mut SqliteConnection,
    sql: String,
    arguments: SqliteArguments,
) -> Result<SqlRows, SqliteError> {
    let query = sqlx_core::query::query_with::<Sqlite, _>(AssertSqlSafe(sql), arguments);
    let mut steps = connection.fetch_many(query);
    let mut answer = SqlRows::default();
    while let Some(step) = steps.try_next().await? {
        match step {
            Either::Left(done) => answer.affected += done.rows_affected(),
            Either::Right(row) => answer.rows.push(values::row(&row)?),
        }
    }
    Ok(answer)
}

/// SQLite's own error for these is 'unable to open database file'.
fn check(path: &str) -> Result<(), SqliteError> {
    if !Path::new(path).is_absolute() {
        return Err(SqliteError::NotAbsolute(path.to_owned()));
    }
    let found = std::fs::metadata(path).map_err(|error| SqliteError::NoFile { path: path.to_owned(), error })?;
    if !found.is_file() {
        return Err(SqliteError::NotAFile(path.to_owned()));
    }
    Ok(())
}

/// Whether it surely does not write; what begins otherwise queues as a writer.
fn is_read(sql: &str) -> bool {
    sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}
