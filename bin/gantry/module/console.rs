//! The output and exit codes of the kit's commands.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use super::error::KitError;

/// Prints the error of a kit command, if any, and returns its exit code.
pub fn end(done: Result<(), KitError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the result of a kit command.
pub fn say(what: impl Display) {
    // The reader may be gone.
    let _ = writeln!(io::stdout(), "{what}");
}
