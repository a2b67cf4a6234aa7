//! Errors of a database server. No message contains a bound value or a password.

use gantry_api::Error;

/// Why a database could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The configuration is wrong, or the server refuses what it says: the password, a table.
    #[error("{0}")]
    Configuration(String),
    /// The server refuses a statement, or its values.
    #[error("{0}")]
    Statement(String),
    /// The server does not answer. The log has a line about it.
    #[error("{0}")]
    Unavailable(String),
    /// The server takes no more connections.
    #[error("{0}")]
    Full(String),
    /// The connection broke.
    #[error("the connection to the database broke: {0}")]
    Broken(String),
    /// The pool has been closed.
    #[error("the database is closed")]
    Closed,
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        let message = error.to_string();
        match error {
            DatabaseError::Configuration(_) => Self::configuration(message),
            _ => Self::system(message),
        }
    }
}
