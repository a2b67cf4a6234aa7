//! Why a user file was not changed.

use std::io;
use std::path::PathBuf;

use gantry_sys::crypt::CryptError;

use super::lines::LineError;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PasswdError {
    /// The line cannot be written.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The file cannot be read or replaced.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or its folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The password cannot be read.
    #[error("cannot read the password: {0}")]
    Input(io::Error),
    /// The two typed passwords differ.
    #[error("the passwords differ")]
    Differ,
    /// The password is empty.
    #[error("the password is empty")]
    Empty,
    /// It cannot be hashed.
    #[error(transparent)]
    Crypt(#[from] CryptError),
}
