//! Connections to MariaDB and MySQL.

use std::path::{Path, PathBuf};

use gantry_api::service::{SqlConnect, SqlRows, SqlStatement};
use gantry_database::{Blame, DatabaseError, Driver, Host, Mode, Parameters, Place, collect, placeholders};
use gantry_sys::users::own_name;
use sqlx_core::connection::ConnectOptions;
use sqlx_core::error::{DatabaseError as ServerError, Error};
use sqlx_core::executor::Executor;
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr};
use sqlx_mysql::{MySql, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlQueryResult, MySqlSslMode};

use crate::{schemes, values};

/// Its name in SQLBackend.
pub(crate) const NAME: &str = "mysql";

/// The way to one database.
pub(crate) struct MySqlDriver {
    name: String,
    options: MySqlConnectOptions,
    /// The server is on this host, and nothing says how to reach it: a socket if there is one.
    finds_socket: bool,
    /// TLS is configured or the connection is not local.
    mode: Option<MySqlSslMode>,
    /// Tells the server how long a statement may take.
    limit: String,
}

/// Where servers on this host have their socket: Debian, Red Hat, the client library's default.
const SOCKETS: [&str; 3] = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];
const PORT: u16 = 3306;

impl Driver for MySqlDriver {
    type Connection = MySqlConnection;
    const MODULE: &str = env!("CARGO_PKG_NAME");

    fn new(connect: &SqlConnect, parameters: &Parameters) -> Result<Self, DatabaseError> {
        let place = Place::read(&connect.database)?;
        let user = connect.user.clone().unwrap_or_else(own_name);
        let mut options = MySqlConnectOptions::new()
            .username(&user)
            .database(&place.database)
            .port(place.port.unwrap_or(PORT))
            // The server's own settings hold, as for other clients.
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        if let Some(password) = connect.password.as_deref().filter(|password| !password.is_empty()) {
            options = options.password(password);
        }
        let is_usual_port = place.port.is_none_or(|port| port == PORT);
        let mut finds_socket = false;
        match &place.host {
            Some(Host::Path(path)) => options = options.socket(path),
            Some(Host::Name(host)) if host != "localhost" => options = options.host(host),
            // As the client library does it; its rule that a port has no effect on this host is not kept.
            _ => finds_socket = is_usual_port,
        }
        if let Some(authorities) = &parameters.tls.authorities {
            options = options.ssl_ca_from_pem(authorities.clone());
        }
        if let Some((certificate, key)) = &parameters.tls.client {
            options = options.ssl_client_cert_from_pem(certificate).ssl_client_key_from_pem(key);
        }
        let mode = parameters.tls.mode.map(|mode| match mode {
            Mode::Disabled => MySqlSslMode::Disabled,
            Mode::Preferred => MySqlSslMode::Preferred,
            Mode::Required => MySqlSslMode::Required,
            Mode::VerifyCa => MySqlSslMode::VerifyCa,
            Mode::VerifyIdentity => MySqlSslMode::VerifyIdentity,
        });
        // Seconds in MariaDB, which alone reads the comment; MySQL has a limit only for SELECT.
        let limit = format!("SET @gantry = 1 /*M!100100 , max_statement_time = {} */", parameters.timeout.as_secs());
        Ok(Self { name: format!("{NAME} {}", connect.database), options, finds_socket, mode, limit })
    }

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self) -> Result<MySqlConnection, Error> {
        let mut options = self.options.clone();
        if self.finds_socket
            && let Some(socket) = SOCKETS.into_iter().find(|path| Path::new(path).exists())
        {
            options = options.socket(socket);
        }
        let socket: Option<PathBuf> = options.get_socket().map(|path| path.to_owned());
        options = options.ssl_mode(self.mode.unwrap_or(match socket {
            Some(_) => MySqlSslMode::Disabled,
            None => MySqlSslMode::Preferred,
        }));
        let mut connection = options.connect().await.map_err(|error| named(error, socket.as_deref()))?;
        (&mut connection).execute(AssertSqlSafe(self.limit.clone())).await?;
        Ok(connection)
    }

    async fn run(&self, connection: &mut MySqlConnection, statement: &SqlStatement) -> Result<SqlRows, Error> {
        let sql = placeholders(statement, |_, sql| sql.push('?'))?;
        let arguments = values::arguments(&statement.parameters)?;
        let query = sqlx_core::query::query_with::<MySql, _>(AssertSqlSafe(sql), arguments);
        collect::<MySql, _, _>(connection, query, MySqlQueryResult::rows_affected, values::row).await
    }

    async fn check(&self, connection: &mut MySqlConnection, statement: &SqlStatement) -> Result<(), Error> {
        let sql = placeholders(statement, |_, sql| sql.push('?'))?;
        match connection.prepare(AssertSqlSafe(sql).into_sql_str()).await {
            Err(Error::Database(error)) if number(&*error) == NOT_PREPARED => Ok(()),
            checked => checked.map(drop),
        }
    }

    fn blame(error: &dyn ServerError) -> Blame {
        match number(error) {
            // Too many connections, for all, for a user, for the user's account.
            1040 | 1203 | 1226 => Blame::Full,
            // Shutdown, killed, idle for too long.
            1053 | 1077..=1079 | 1927 | 4031 => Blame::Server,
            // A host or user that may not connect; an unknown authentication.
            1129 | 1130 | 1251 | 1698 | 1275 => Blame::Configuration,
            // Data that does not fit.
            1264 | 1366 | 1406 => Blame::Statement,
            _ => Blame::of_state(error.code().as_deref().unwrap_or_default()),
        }
    }

    fn verify(_user: &str, stored: &str, password: &[u8]) -> Option<bool> {
        schemes::verify(stored, password)
    }
}

/// More than a configuration has.
const STATEMENTS: usize = 500;
/// `ER_UNSUPPORTED_PS`: the statement cannot be prepared, though it may be right.
const NOT_PREPARED: u16 = 1295;

fn number(error: &dyn ServerError) -> u16 {
    error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number)
}

/// An error of the system, with the socket and the user that could not open it.
fn named(error: Error, socket: Option<&Path>) -> Error {
    match (error, socket) {
        (Error::Io(error), Some(socket)) => {
            let text = format!("socket {} as user {}: {error}", socket.display(), own_name());
            Error::Io(std::io::Error::new(error.kind(), text))
        }
        (error, _) => error,
    }
}
