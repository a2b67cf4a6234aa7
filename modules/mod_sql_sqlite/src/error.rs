//! What can go wrong with an SQLite database. No text here holds a value that
//! was bound.

use gantry_api::Error;

/// Why a database could not be opened or a statement not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqliteError {
    /// SQLConnectInfo names no full path.
    #[error("'{0}' is not the full path of a database file")]
    NotAbsolute(String),
    /// The file cannot be reached.
    #[error("database file '{path}': {error}")]
    NoFile {
        /// As SQLConnectInfo names it.
        path: String,
        /// The system's words.
        error: std::io::Error,
    },
    /// What is there is no file.
    #[error("'{0}' is not a file")]
    NotAFile(String),
    /// SQLite refuses the file.
    #[error("database file '{path}': {error}")]
    Refused {
        /// As SQLConnectInfo names it.
        path: String,
        /// SQLite's words.
        error: Box<SqliteError>,
    },
    /// SQLite refuses the statement.
    #[error("{0}")]
    Database(String),
    /// The pool is no longer there.
    #[error("the database is closed")]
    Closed,
    /// A statement's pieces and parameters do not belong together.
    #[error("a statement of {pieces} pieces has {parameters} parameters")]
    Shape {
        /// How many pieces of text.
        pieces: usize,
        /// How many values.
        parameters: usize,
    },
    /// All else that sqlx reports.
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

/// Wrong paths are the configuration's fault, all else is the system's.
impl From<SqliteError> for Error {
    fn from(error: SqliteError) -> Self {
        let message = error.to_string();
        match error {
            SqliteError::NotAbsolute(_) | SqliteError::NoFile { .. } | SqliteError::NotAFile(_) => {
                Self::configuration(message)
            }
            _ => Self::system(message),
        }
    }
}
