//! Connections to PostgreSQL.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::service::{SqlConnect, SqlRows, SqlStatement};
use gantry_database::{Blame, DatabaseError, Driver, Host, Mode, Parameters, Place, collect};
use gantry_sys::users::own_name;
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::error::{DatabaseError as ServerError, Error};
use sqlx_core::executor::Executor;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_postgres::{PgConnectOptions, PgConnection, PgQueryResult, PgSslMode, Postgres};

use crate::plan::Plan;
use crate::{schemes, values};

/// Its name in SQLBackend.
pub(crate) const NAME: &str = "postgres";

/// The way to one database.
pub(crate) struct PostgresDriver {
    name: String,
    options: PgConnectOptions,
    /// No host is named: a socket if there is one.
    finds_socket: bool,
    port: u16,
    socket: Option<PathBuf>,
    mode: Option<PgSslMode>,
    /// The first statement of each connection.
    greeting: String,
    /// What the server said of statements, by their text.
    plans: Mutex<HashMap<String, Arc<Plan>>>,
}

/// Where servers on this host have their socket: Debian and Red Hat, PostgreSQL's own default.
const SOCKETS: [&str; 2] = ["/run/postgresql", "/tmp"];
const PORT: u16 = 5432;
/// More statements than a configuration has.
const STATEMENTS: usize = 500;

impl Driver for PostgresDriver {
    type Connection = PgConnection;
    const MODULE: &str = env!("CARGO_PKG_NAME");

    fn new(connect: &SqlConnect, parameters: &Parameters) -> Result<Self, DatabaseError> {
        let place = Place::read(&connect.database)?;
        let user = connect.user.clone().unwrap_or_else(own_name);
        let port = place.port.unwrap_or(PORT);
        // No file of passwords, and nothing of the environment that this sets.
        let mut options = PgConnectOptions::new_without_pgpass()
            .username(&user)
            .password(connect.password.as_deref().unwrap_or_default())
            .database(&place.database)
            .host("localhost")
            .port(port)
            .application_name("gantry")
            // Poolers refuse parameters that they do not know.
            .extra_float_digits(None)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let (mut finds_socket, mut socket) = (false, None);
        match place.host {
            Some(Host::Path(path)) => socket = Some(folder(path)),
            Some(Host::Name(host)) => options = options.host(&host),
            None => finds_socket = true,
        }
        if let Some(authorities) = &parameters.tls.authorities {
            options = options.ssl_root_cert_from_pem(authorities.clone());
        }
        if let Some((certificate, key)) = &parameters.tls.client {
            options = options.ssl_client_cert_from_pem(certificate).ssl_client_key_from_pem(key);
        }
        let mode = parameters.tls.mode.map(|mode| match mode {
            Mode::Disabled => PgSslMode::Disable,
            Mode::Preferred => PgSslMode::Prefer,
            Mode::Required => PgSslMode::Require,
            Mode::VerifyCa => PgSslMode::VerifyCa,
            Mode::VerifyIdentity => PgSslMode::VerifyFull,
        });
        // sqlx asks for UTC. The zone of the server's log is the server's own, as the zone of
        // sessions would be.
        let greeting = format!(
            "SELECT set_config('statement_timeout', '{}', false), \
             set_config('TimeZone', current_setting('log_timezone'), false)",
            parameters.timeout.as_millis()
        );
        let name = format!("{NAME} {}", connect.database);
        Ok(Self { name, options, finds_socket, port, socket, mode, greeting, plans: Mutex::default() })
    }

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self) -> Result<PgConnection, Error> {
        let file = format!(".s.PGSQL.{}", self.port);
        let found = || SOCKETS.into_iter().map(PathBuf::from).find(|folder| folder.join(&file).exists());
        let socket = self.socket.clone().or_else(|| if self.finds_socket { found() } else { None });
        let mode = self.mode.unwrap_or(if socket.is_some() { PgSslMode::Disable } else { PgSslMode::Prefer });
        let mut options = self.options.clone().ssl_mode(mode);
        if let Some(folder) = &socket {
            options = options.socket(folder);
        }
        let mut connection = options.connect().await.map_err(|error| named(error, socket.as_deref(), &file))?;
        (&mut connection).execute(AssertSqlSafe(self.greeting.clone())).await?;
        Ok(connection)
    }

    async fn run(&self, connection: &mut PgConnection, statement: &SqlStatement) -> Result<SqlRows, Error> {
        let key = statement.pieces.join("$");
        let known = self.plans().get(&key).cloned();
        if let Some(plan) = known {
            match perform(connection, &plan, statement).await {
                Err(Error::Database(error)) if is_outdated(&*error) => {
                    self.plans().remove(&key);
                    connection.clear_cached_statements().await?;
                }
                done => return done,
            }
        }
        let plan = Arc::new(Plan::make(connection, statement).await?);
        self.remember(key, plan.clone());
        perform(connection, &plan, statement).await
    }

    async fn check(&self, connection: &mut PgConnection, statement: &SqlStatement) -> Result<(), Error> {
        Plan::make(connection, statement).await.map(drop)
    }

    fn blame(error: &dyn ServerError) -> Blame {
        match error.code().as_deref().unwrap_or_default() {
            "53300" => Blame::Full,
            // Shutdown, crash, not yet up, the database dropped, idle for too long.
            "57P01" | "57P02" | "57P03" | "57P04" | "57P05" => Blame::Server,
            state => Blame::of_state(state),
        }
    }

    fn verify(user: &str, stored: &str, password: &[u8]) -> Option<bool> {
        schemes::verify(user, stored, password)
    }
}

impl PostgresDriver {
    fn remember(&self, statement: String, plan: Arc<Plan>) {
        let mut plans = self.plans();
        if plans.len() >= STATEMENTS {
            plans.clear();
        }
        plans.insert(statement, plan);
    }

    // A panic while it is locked leaves it consistent.
    fn plans(&self) -> MutexGuard<'_, HashMap<String, Arc<Plan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn perform(connection: &mut PgConnection, plan: &Plan, statement: &SqlStatement) -> Result<SqlRows, Error> {
    let arguments = values::arguments(&statement.parameters, plan)?;
    let query = sqlx_core::query::query_with::<Postgres, _>(AssertSqlSafe(plan.sql.clone()), arguments);
    collect::<Postgres, _, _>(connection, query, PgQueryResult::rows_affected, values::row).await
}

/// Whether the tables may have changed since the statement was planned: another type of a column,
/// or of the result.
fn is_outdated(error: &dyn ServerError) -> bool {
    error.code().is_some_and(|state| state.starts_with("42") || state == "0A000")
}

/// The folder of a socket: SQLConnectInfo may name the socket itself.
fn folder(path: PathBuf) -> PathBuf {
    let is_socket = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".s.PGSQL."));
    match path.parent() {
        Some(parent) if is_socket => parent.to_owned(),
        _ => path,
    }
}

/// An error of the system, with the socket and the user that could not open it.
fn named(error: Error, folder: Option<&Path>, file: &str) -> Error {
    match (error, folder) {
        (Error::Io(error), Some(folder)) => {
            let text = format!("socket {} as user {}: {error}", folder.join(file).display(), own_name());
            Error::Io(io::Error::new(error.kind(), text))
        }
        (error, _) => error,
    }
}
