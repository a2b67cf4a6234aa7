//! The command line of gantry.

use clap::{Parser, Subcommand};

use crate::completions::Completions;
use crate::control::ControlCommand;
use crate::migrate::Migrate;
use crate::module::ModuleCommand;
use crate::passwd::Passwd;
use crate::quota::Quota;
#[cfg(any(feature = "static-mod_tls", feature = "shared-mod_tls"))]
use crate::tls::TlsCommand;

/// Gantry's tool for operators.
#[derive(Debug, Parser)]
#[command(name = "gantry", version, subcommand_required = true, arg_required_else_help = true, after_help = CODES)]
pub struct Arguments {
    /// The command
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Migrate(Migrate),
    /// Set a password in an AuthUserFile, add a user to it or remove one
    Passwd(Passwd),
    /// Create, change and show quota tables in ProFTPD's files
    Quota(Box<Quota>),
    /// Write, build, test, install, check and sign modules
    #[command(subcommand)]
    Module(ModuleCommand),
    /// Make a certificate to try TLS with, and show what certificates a file holds
    #[cfg(any(feature = "static-mod_tls", feature = "shared-mod_tls"))]
    #[command(subcommand)]
    Tls(TlsCommand),
    #[command(flatten)]
    Control(ControlCommand),
    /// Print a shell's completion script
    Completions(Completions),
}

const CODES: &str = "\
Exit codes: 0 success, 1 failed or refused, 2 wrong command line, 3 not allowed by the
daemon's access lists, 4 no answer: the daemon cannot be reached, or the connection broke.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn options_do_not_conflict() {
        Arguments::command().debug_assert();
    }
}
