//! The command line of gantry.

use clap::{Parser, Subcommand};

use crate::completions::Completions;
use crate::control::ControlCommand;
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
    /// Write, build, test, install, check and sign modules
    #[command(subcommand)]
    Module(ModuleCommand),
    #[command(flatten)]
    Control(ControlCommand),
    /// Print a shell's completions
    Completions(Completions),
}

const CODES: &str = "\
Exit codes: 0 done, 1 it failed or was refused, 2 a wrong command line, 3 the daemon's
access lists do not allow it, 4 no answer: the daemon cannot be reached, or broke off.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_two_options_are_in_each_others_way() {
        Arguments::command().debug_assert();
    }
}
