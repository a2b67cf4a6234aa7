//! Errors of an SQLite database. No message contains a bound value.

use gantry_api::Error;
use gantry_sys::users::own_name;

/// Why a database could not be opened or a statement not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqliteError {
    /// SQLConnectInfo does not give a full path.
    #[error("'{0}' is not the full path of a database file")]
    NotAbsolute(String),
    /// The file cannot be reached.
    #[error("database file '{path}': {error}, as user {}", own_name())]
    NoFile {
        /// The path in SQLConnectInfo.
        path: String,
        /// The system's message.
        error: std::io::Error,
    },
    /// The path is not a regular file.
    #[error("'{0}' is not a file")]
    NotAFile(String),
    /// Others may change the file, or put another one in its place.
    #[error("database file '{path}': {what} is world-writable")]
    Open {
        /// The path in SQLConnectInfo.
        path: String,
        /// The file, or a folder on the way to it.
        what: String,
    },
    /// SQLite refuses the file.
    #[error("database file '{path}': {error}")]
    Refused {
        /// The path in SQLConnectInfo.
        path: String,
        /// SQLite's message.
        error: Box<SqliteError>,
    },
    /// SQLite cannot compile the statement: no such table, a wrong word.
    #[error("{0}")]
    Statement(String),
    /// SQLite refuses the statement.
    #[error("{0}")]
    Database(String),
    /// The pool has been closed.
    #[error("the database is closed")]
    Closed,
    /// A statement's pieces and parameters do not match.
    #[error("a statement of {pieces} pieces has {parameters} parameters")]
    Shape {
        /// The number of text pieces.
        pieces: usize,
        /// The number of values.
        parameters: usize,
    },
    /// Any other error from sqlx.
    #[error("{0}")]
    Driver(String),
}

impl From<sqlx_core::Error> for SqliteError {
    fn from(error: sqlx_core::Error) -> Self {
        use sqlx_core::Error as Sqlx;
        match error {
            Sqlx::Database(error) => Self::Database(error.message().to_owned()),
            Sqlx::PoolClosed => Self::Closed,
            Sqlx::PoolTimedOut => Self::Driver("no connection became free in time".to_owned()),
            error => Self::Driver(error.to_string()),
        }
    }
}

/// Wrong paths are configuration errors, all others system errors.
impl From<SqliteError> for Error {
    fn from(error: SqliteError) -> Self {
        let message = error.to_string();
        match error {
            SqliteError::NotAbsolute(_)
            | SqliteError::NoFile { .. }
            | SqliteError::NotAFile(_)
            | SqliteError::Open { .. }
            | SqliteError::Statement(_) => Self::configuration(message),
            _ => Self::system(message),
        }
    }
}
