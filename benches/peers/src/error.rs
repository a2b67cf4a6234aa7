//! What can go wrong while measuring.

use std::io;
use std::path::{Path, PathBuf};

/// The result of a step.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A connection, or the system.
    #[error("{doing}: {error}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// A reply that was not expected.
    #[error("{command} was answered '{reply}'")]
    Reply {
        /// The line that was sent.
        command: String,
        /// The last line of the reply.
        reply: String,
    },
    /// A transfer of another size than the file's or the listing's.
    #[error("{command}: {got} instead of {expected} {unit}")]
    Size {
        /// The line that was sent.
        command: String,
        /// How many came.
        got: u64,
        /// How many there should be.
        expected: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A server that does not start or has ended.
    #[error("{server} {what}; its output:\n{output}")]
    Server {
        /// Which.
        server: String,
        /// What it did.
        what: &'static str,
        /// The end of its output.
        output: String,
    },
    /// Text that should be a case, a row or a page.
    #[error("'{text}' is no {expected}")]
    Text {
        /// The text.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Error {
    /// Of a file.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::File { path, error }
    }

    /// Of the system.
    pub fn system<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::System { doing, error: error.into() }
    }
}
