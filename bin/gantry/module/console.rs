//! What the commands of the kit tell at the terminal, and by their exit code.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use super::error::KitError;

/// Tells how a command of the kit ended.
pub fn end(done: Result<(), KitError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what a command of the kit made.
pub fn say(what: impl Display) {
    // Whoever reads may have read enough.
    let _ = writeln!(io::stdout(), "{what}");
}
