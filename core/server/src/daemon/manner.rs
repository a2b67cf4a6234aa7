//! How a daemon is run.

use std::path::PathBuf;

/// How the daemon is run, apart from its configuration.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// The PidFile if the configuration does not name one; its folder is created if missing.
    pub pid_file: Option<PathBuf>,
    /// How long it serves.
    pub until: Until,
    /// The control socket if the configuration enables it without naming one; its folder is created
    /// if missing.
    pub control_socket: PathBuf,
}

/// How long a daemon serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// Until a signal ends it.
    #[default]
    Signal,
    /// Until a signal, or the end of the first session.
    FirstSession,
}
