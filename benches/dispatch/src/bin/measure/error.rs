//! Errors while measuring: a text for the person at the terminal.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::Command;

/// The result of a step.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    /// With this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An error about a file.
    pub fn of(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs a program to its end, and returns what it printed: output, then errors.
pub fn output(command: &mut Command) -> Result<(String, String)> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|error| Error(format!("cannot run {shown}: {error}")))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    if done.status.success() { Ok((out, err)) } else { Err(Error(format!("{shown}: {}\n{err}", done.status))) }
}
