//! What these commands tell at the terminal, and by their exit code.

use std::process::ExitCode;

use crate::control::error::{ControlError, ended};

/// The exit code; under these names every fault is 1.
pub fn code(name: &str, done: Result<(), ControlError>) -> ExitCode {
    if ended(name, done) == ExitCode::SUCCESS { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says that an option changes nothing here.
pub fn no_scoreboard(name: &str) {
    eprintln!("{name}: there is no scoreboard: -f has no effect");
}
