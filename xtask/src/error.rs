//! What keeps a step from being done.

use std::io;
use std::path::{Path, PathBuf};

/// What keeps a step from being done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program of the system's could not be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program ended with a failure; it has said why.
    #[error("{program} failed")]
    Program {
        /// The program and what it did.
        program: String,
    },
    /// Cargo said something that is not understood.
    #[error("cannot understand what {program} says: {detail}")]
    Answer {
        /// The program.
        program: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The build lacks something that the features call for.
    #[error("the build made no {what}")]
    Missing {
        /// What it is.
        what: String,
    },
    /// A file or folder.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// Turns the system's reason into an error that names the file.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
