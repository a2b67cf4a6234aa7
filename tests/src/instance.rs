//! Where a database server of a test is, for the files of each kind of server.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::config::Account;
use crate::tls::Signed;

/// The user of the databases, who owns all tables.
pub const OWNER: &str = "gantry";
/// Its password.
pub const OWNER_PASSWORD: &str = "database-secret";

/// A server's folder and port.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// Its folder, also for PostgreSQL's socket.
    pub(crate) folder: PathBuf,
    /// Its TCP port on 127.0.0.1.
    pub(crate) port: u16,
}

impl Instance {
    /// The authority of its certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Its certificate and key.
    pub(crate) fn signed(&self) -> Signed {
        Signed::of(&self.folder, "server")
    }
}

/// Runs a command as `nobody` if the tests run as root: database servers refuse root.
pub(crate) fn unprivileged(command: &mut Command) -> &mut Command {
    if let Some(account) = Account::to_drop_to() {
        command.uid(account.uid).gid(account.gid);
    }
    command
}
