//! Why a step failed.

use std::io;
use std::path::{Path, PathBuf};

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program could not be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program failed and has printed why.
    #[error("{program} failed")]
    Program {
        /// The program and its command.
        program: String,
    },
    /// A program's output was not understood.
    #[error("cannot understand the output of {program}: {detail}")]
    Answer {
        /// The program.
        program: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The build did not make something that the features require.
    #[error("the build made no {what}")]
    Missing {
        /// What is missing.
        what: String,
    },
    /// A file or folder.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// The action that failed.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// Makes an error that names the file from the system's reason.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
