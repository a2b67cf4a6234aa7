//! How a daemon is run.

use std::path::PathBuf;

/// How the daemon is run, besides what its configuration says.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// The PidFile where the configuration names none; its folder is made
    /// where it is missing.
    pub pid_file: Option<PathBuf>,
    /// How long it serves.
    pub until: Until,
    /// The control socket where the configuration switches it on and names none;
    /// its folder is made where it is missing.
    pub control_socket: PathBuf,
}

/// How long a daemon serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// Until a signal ends it.
    #[default]
    Signal,
    /// Until the first session has ended, too.
    FirstSession,
}
