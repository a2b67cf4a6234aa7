//! Runs another program to its end, with a deadline, and keeps its output.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::excerpt::end_of;
use crate::{full, wait};

/// The result of a program.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Done {
    /// Returns itself if the program ended with status 0.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(
            self.status.success(),
            "{}\n--- out\n{}\n--- err\n{}",
            self.status,
            end_of(&self.out, "out"),
            end_of(&self.err, "err")
        );
        self
    }

    /// Both outputs.
    pub fn text(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Runs a program with `input` on its standard input.
///
/// # Panics
/// If it cannot be started or does not end in time.
#[track_caller]
pub fn run(command: &mut Command, input: &str) -> Done {
    run_within(command, input, Duration::from_secs(full::or(120, 900)))
}

/// Runs a program that must end within `limit`.
///
/// # Panics
/// If it cannot be started or does not end in time.
#[track_caller]
pub fn run_within(command: &mut Command, input: &str, limit: Duration) -> Done {
    let (mut out, mut err, mut given) = (scratch(), scratch(), scratch());
    given.write_all(input.as_bytes()).and_then(|()| given.rewind()).expect("a scratch file takes text");
    command.stdin(given).stdout(copy(&out)).stderr(copy(&err));
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let ended = wait::until(limit, || child.try_wait().expect("a child can be waited for"));
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let (out, err) = (text(&mut out), text(&mut err));
    let Some(status) = ended else {
        let (input, out, err) = (end_of(input, "in"), end_of(&out, "out"), end_of(&err, "err"));
        panic!("{command:?} did not end within {limit:?}\n--- in\n{input}\n--- out\n{out}\n--- err\n{err}");
    };
    Done { status, out, err }
}

/// Whether a program is in PATH.
pub fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn scratch() -> File {
    tempfile::tempfile().expect("a temporary file can be made")
}

fn copy(file: &File) -> Stdio {
    file.try_clone().expect("a file can be shared with a child").into()
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("a scratch file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}
