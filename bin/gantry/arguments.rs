//! The command line of gantry.

use clap::{Parser, Subcommand};

use crate::module::ModuleCommand;
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

const CODES: &str = "\
Exit codes: 0 done, 1 it failed or a module would be refused, 2 a wrong command line.";
