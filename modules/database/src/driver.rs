//! What one kind of database server does differently.

use std::fmt::Write;
use std::future::Future;

use futures_util::TryStreamExt;
use gantry_api::service::{SqlConnect, SqlRows, SqlStatement, SqlValue};
use sqlx_core::Either;
use sqlx_core::connection::Connection;
use sqlx_core::database::Database;
use sqlx_core::error::{DatabaseError as ServerError, Error as SqlxError};
use sqlx_core::executor::Executor;

use crate::error::DatabaseError;
use crate::parameters::Parameters;

/// A kind of database server, with the way to one database.
pub trait Driver: Send + Sync + Sized + 'static {
    /// A connection.
    type Connection: Connection + Send;

    /// The back end's module.
    const MODULE: &str;

    /// The way to the database that SQLConnectInfo describes. It must not connect.
    ///
    /// # Errors
    /// What is wrong with the description.
    fn new(connect: &SqlConnect, parameters: &Parameters) -> Result<Self, DatabaseError>;

    /// What the log calls the database: the back end's name and the place, never the password.
    fn name(&self) -> &str;

    /// Connects.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, SqlxError>> + Send;

    /// Runs a statement.
    fn run(
        &self,
        connection: &mut Self::Connection,
        statement: &SqlStatement,
    ) -> impl Future<Output = Result<SqlRows, SqlxError>> + Send;

    /// Has the server compile a statement.
    fn check(
        &self,
        connection: &mut Self::Connection,
        statement: &SqlStatement,
    ) -> impl Future<Output = Result<(), SqlxError>> + Send;

    /// What a server's error means.
    fn blame(error: &dyn ServerError) -> Blame;

    /// Judges a password in the server's own schemes; `None` if the stored text is in none. Takes
    /// as long as the hash takes.
    fn verify(user: &str, stored: &str, password: &[u8]) -> Option<bool>;
}

/// What a server's error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The configuration is at fault: user, password, database, table, column, a statement's text.
    Configuration,
    /// A statement's values are, or something that may pass.
    Statement,
    /// The server shuts down, or starts; the connection is of no more use.
    Server,
    /// The server has as many connections as it takes.
    Full,
}

impl Blame {
    /// By the error's SQLSTATE, as far as its class says it.
    pub fn of_state(state: &str) -> Self {
        match state.get(..2) {
            // Connection exceptions, and PostgreSQL's operator interventions.
            Some("08") => Self::Server,
            // Authorization, catalogue, syntax or access rule.
            Some("28" | "3D" | "3F" | "42") => Self::Configuration,
            _ => Self::Statement,
        }
    }
}

/// A statement's text, with what `placeholder` says for each parameter, by its number from 1.
///
/// # Errors
/// The pieces and parameters do not match.
pub fn placeholders(
    statement: &SqlStatement,
    mut placeholder: impl FnMut(usize, &mut String),
) -> Result<String, SqlxError> {
    let (pieces, parameters) = (statement.pieces.len(), statement.parameters.len());
    if pieces != parameters + 1 {
        let text = format!("a statement of {pieces} pieces has {parameters} parameters");
        return Err(SqlxError::Configuration(text.into()));
    }
    let mut sql = String::new();
    for (at, piece) in statement.pieces.iter().enumerate() {
        if at > 0 {
            placeholder(at, &mut sql);
        }
        // Writing to a String cannot fail.
        let _ = sql.write_str(piece);
    }
    Ok(sql)
}

/// Runs a query and collects what it returns.
///
/// # Errors
/// The server's, or those of `row`.
pub async fn collect<'c, 'q, D, E, Q>(
    connection: E,
    query: Q,
    affected: fn(&D::QueryResult) -> u64,
    row: fn(&D::Row) -> Result<Vec<SqlValue>, SqlxError>,
) -> Result<SqlRows, SqlxError>
where
    D: Database,
    E: Executor<'c, Database = D>,
    Q: sqlx_core::executor::Execute<'q, D> + 'q,
{
    let mut steps = connection.fetch_many(query);
    let mut answer = SqlRows::default();
    while let Some(step) = steps.try_next().await? {
        match step {
            Either::Left(done) => answer.affected = answer.affected.saturating_add(affected(&done)),
            Either::Right(found) => answer.rows.push(row(&found)?),
        }
    }
    Ok(answer)
}
