//! The command line of gantry.

use clap::{Parser, Subcommand};

use crate::module::Check;
#[cfg(feature = "dso")]
use crate::module::{Keygen, Sign, Verify};
use crate::passwd::Passwd;

/// The operator's tool of Gantry.
#[derive(Debug, Parser)]
#[command(name = "gantry", version, subcommand_required = true, arg_required_else_help = true, after_help = CODES)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set a password in an AuthUserFile, add a user to it or remove one
    Passwd(Passwd),
    /// Work with modules' files
    #[command(subcommand)]
    Module(ModuleCommand),
}

/// The commands on modules.
#[derive(Debug, Subcommand)]
pub enum ModuleCommand {
    /// Tell what a module's file says of itself, and whether this build would load it
    Check(Check),
    /// Make a key to sign modules with
    #[cfg(feature = "dso")]
    Keygen(Keygen),
    /// Sign modules' files
    #[cfg(feature = "dso")]
    Sign(Sign),
    /// Tell whether modules' files are signed
    #[cfg(feature = "dso")]
    Verify(Verify),
}

const CODES: &str = "\
Exit codes: 0 done, 1 it failed or a module would be refused, 2 a wrong command line.";
