//! A failed trial.

use std::fmt;
use std::time::Duration;

use rustix::process::Signal;

/// How a trial failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It died from this signal.
    Signal(i32),
    /// It exited with this code while loading.
    Code(i32),
    /// It did not end within this time.
    Never(Duration),
}

/// A failed trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How it ended.
    pub ending: Ending,
    /// The last line that it wrote; may be empty.
    pub last_words: String,
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(number) => match signal_name(*number) {
                Some(name) => write!(out, "died of {name}"),
                None => write!(out, "died of signal {number}"),
            },
            Self::Code(code) => write!(out, "exited with code {code}"),
            Self::Never(limit) => write!(out, "did not end within {} seconds", limit.as_secs()),
        }
    }
}

/// The names of signals that a process can cause itself.
fn signal_name(number: i32) -> Option<&'static str> {
    let names = [
        (Signal::SEGV, "SIGSEGV"),
        (Signal::BUS, "SIGBUS"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::ILL, "SIGILL"),
        (Signal::FPE, "SIGFPE"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::SYS, "SIGSYS"),
        (Signal::KILL, "SIGKILL"),
    ];
    names.into_iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| name)
}
