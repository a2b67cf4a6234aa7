//! One database file with its connections. sqlx runs each connection on its own thread,
//! which ends when the connection is closed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use gantry_api::log;
use gantry_api::service::{SqlRows, SqlStatement};
use gantry_sys::resolve::resolve;
use sqlx_core::Either;
use sqlx_core::connection::ConnectOptions;
use sqlx_core::executor::Executor;
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr};
use sqlx_sqlite::{Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions};
use tokio::sync::{Mutex, RwLock, RwLockReadGuard};

use crate::error::SqliteError;
use crate::values;

/// The number of statements of one pool that run at once.
const CONNECTIONS: u32 = 4;
/// How long a statement waits for locks that other processes hold.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a statement waits for a connection; long enough for a thousand queued
/// writers on a slow disk.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an unused connection keeps its thread.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// An open database.
pub(crate) struct Database {
    path: String,
    /// Each statement holds it; closing and opening anew take it from all of them.
    open: RwLock<Open>,
    /// SQLite lets one connection write at a time. Writers that queue here are served in
    /// order and without delay; at the file's lock they would sleep and retry.
    writer: Mutex<()>,
}

/// The connections to one file.
struct Open {
    pool: SqlitePool,
    file: FileId,
}

impl Open {
    /// Connects to a file when the first statement comes.
    fn lazily(path: &str, file: FileId) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_TIMEOUT)
            // SQLite's default, which sqlx would change.
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
        Self { pool, file }
    }
}

impl Database {
    /// Opens an existing file and reads from it. Keeps its journal mode.
    pub(crate) async fn open(path: &str) -> Result<Self, SqliteError> {
        let file = check(path)?;
        let refused = |error: SqliteError| SqliteError::Refused { path: path.to_owned(), error: Box::new(error) };
        let open = RwLock::new(Open::lazily(path, file));
        let database = Self { path: path.to_owned(), open, writer: Mutex::default() };
        // The first statement opens a connection and reads the file.
        let probe =
            SqlStatement { pieces: vec!["SELECT count(*) FROM sqlite_master".to_owned()], parameters: Vec::new() };
        if let Err(error) = database.run(&probe).await {
            database.close().await;
            return Err(refused(error));
        }
        Ok(database)
    }

    /// Runs a statement; it is prepared once per connection.
    pub(crate) async fn run(&self, statement: &SqlStatement) -> Result<SqlRows, SqliteError> {
        let open = self.current().await?;
        let sql = values::text(statement)?;
        let arguments = values::arguments(&statement.parameters)?;
        let _writer = match is_read(&sql) {
            true => None,
            false => Some(self.writer.lock().await),
        };
        let mut connection = open.pool.acquire().await?;
        let answer = collect(&mut connection, sql, arguments).await;
        // If it were only dropped, a task would return it, and the next statement might
        // open another connection in the meantime.
        connection.return_to_pool().await;
        answer
    }

    /// Compiles a statement without running it.
    pub(crate) async fn check(&self, statement: &SqlStatement) -> Result<(), SqliteError> {
        let open = self.current().await?;
        let sql = values::text(statement)?;
        let mut connection = open.pool.acquire().await?;
        let answer = (&mut *connection).prepare(AssertSqlSafe(sql).into_sql_str()).await.map(drop);
        connection.return_to_pool().await;
        answer.map_err(|error| match SqliteError::from(error) {
            SqliteError::Database(text) => SqliteError::Statement(text),
            other => other,
        })
    }

    /// Waits for running and queued statements, then closes all connections.
    pub(crate) async fn close(&self) {
        self.open.write().await.pool.close().await;
    }

    /// The connections to the file that is at the path now: another one may have been
    /// put in its place.
    async fn current(&self) -> Result<RwLockReadGuard<'_, Open>, SqliteError> {
        loop {
            let file = check(&self.path)?;
            let open = self.open.read().await;
            if open.file == file || open.pool.is_closed() {
                return Ok(open);
            }
            drop(open);
            let mut open = self.open.write().await;
            if open.file != file && !open.pool.is_closed() {
                open.pool.close().await;
                *open = Open::lazily(&self.path, file);
                log!(Info, "another file is at {}: it is used from now on", self.path);
            }
        }
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

/// Which file it is: device and inode.
type FileId = (u64, u64);

/// Which file is there, and that only the administrator can change it or put another one in its
/// place. SQLite's own error for all of these is 'unable to open database file'.
pub(crate) fn check(path: &str) -> Result<FileId, SqliteError> {
    if !Path::new(path).is_absolute() {
        return Err(SqliteError::NotAbsolute(path.to_owned()));
    }
    let no_file = |error| SqliteError::NoFile { path: path.to_owned(), error };
    let open = |what: &Path| SqliteError::Open { path: path.to_owned(), what: what.display().to_string() };
    let found = std::fs::metadata(path).map_err(no_file)?;
    if !found.is_file() {
        return Err(SqliteError::NotAFile(path.to_owned()));
    }
    // Whoever may write to it could make users.
    if found.mode() & WORLD_WRITES != 0 {
        return Err(open(Path::new(path)));
    }
    match resolve(Path::new(path)).open_folder().map_err(no_file)? {
        Some(folder) => Err(open(folder)),
        None => Ok((found.dev(), found.ino())),
    }
}

const WORLD_WRITES: u32 = 0o002;

/// Whether a statement certainly does not write; all others queue as writers.
fn is_read(sql: &str) -> bool {
    sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}
