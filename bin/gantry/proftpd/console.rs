//! The output and exit codes of these commands.

use std::process::ExitCode;

use crate::control::error::{ControlError, ended};

/// The exit code; under these names it is 1 for every error.
pub fn code(name: &str, done: Result<(), ControlError>) -> ExitCode {
    if ended(name, done) == ExitCode::SUCCESS { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reports that an option has no effect.
pub fn no_scoreboard(name: &str) {
    eprintln!("{name}: -f has no effect: Gantry has no scoreboard");
}
