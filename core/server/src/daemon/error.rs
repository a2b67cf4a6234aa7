//! Why a daemon does not start.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::plan::build::BuildError;

/// Why the daemon does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration or a module is at fault.
    #[error("{0}")]
    Build(#[from] BuildError),
    /// The configuration requires something impossible.
    #[error("Fatal: {0}")]
    Wanted(String),
    /// A system error.
    #[error("Fatal: {0}: {1}")]
    System(String, #[source] io::Error),
    /// Another daemon holds the PidFile.
    #[error("Fatal: gantryd is already running: process {} holds {}", shown(.process), .path.display())]
    Running {
        /// The PidFile.
        path: PathBuf,
        /// The process id in it.
        process: Option<u32>,
    },
}

fn shown(process: &Option<u32>) -> String {
    process.map_or_else(|| "(unknown)".to_owned(), |process| process.to_string())
}
