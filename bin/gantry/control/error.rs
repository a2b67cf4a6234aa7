//! Why a command on the running daemon came to nothing, and the exit code that
//! says so to programs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::show::text::{visible, visible_lines};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no socket.
    #[error("there is no control socket {}{}\nIs gantryd running? Does its configuration say `ControlsEngine on`? \
             ControlsSocket names the socket, and so does --socket.", shown(.socket), others(.tried))]
    NoSocket {
        /// What was looked for.
        socket: PathBuf,
        /// What was looked for before it.
        tried: Vec<PathBuf>,
    },
    /// There is one that nobody listens at.
    #[error("nobody listens at {}: gantryd has ended, or it started again with another ControlsSocket", shown(.0))]
    Stale(PathBuf),
    /// The file's mode keeps us out.
    #[error("{}: permission denied\nTo reach the socket at all takes leave of its file: \
             ControlsSocketOwner names its owner and group.", shown(.0))]
    Permission(PathBuf),
    /// Any other fault of the way to it.
    #[error("cannot reach gantryd at {}: {}", shown(.socket), plain(.source))]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The daemon ended the connection within its answer, or before it.
    #[error("gantryd ended the connection {0}: whether '{1}' was done is not known; its log may tell")]
    Broken(&'static str, String),
    /// More than any answer has.
    #[error("the answer to '{0}' is larger than 64 MiB: it was not read")]
    TooLarge(String),
    /// No answer of this protocol.
    #[error("the answer to '{action}' is not understood ({fault}): is it a gantryd that listens there?")]
    Malformed {
        /// What was asked for.
        action: String,
        /// What is wrong with it.
        fault: String,
    },
    /// More than a request may have.
    #[error("'{0}' with all its words and directives is larger than 1 MiB, which gantryd would not take")]
    TooLong(String),
    /// The daemon says no.
    #[error("{}{}", visible_lines(.text), hint(*.reason))]
    Refused {
        /// What was asked for.
        action: String,
        /// The kind of refusal.
        reason: Reason,
        /// The daemon's own words.
        text: String,
    },
    /// A file that was to go with the request.
    #[error("{}: {}", shown(.0), plain(.1))]
    Input(PathBuf, io::Error),
    /// The output cannot be written.
    #[error("cannot write: {}", plain(.0))]
    Output(#[from] io::Error),
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The access lists allow it not.
    Denied,
    /// The action is switched off.
    Disabled,
    /// There is no such action.
    Unknown,
    /// The words are wrong.
    Usage,
    /// Another request of the kind is under way, or too many clients are there.
    Busy,
    /// Anything else.
    Refused,
}

impl Reason {
    /// That of an answer.
    pub fn named(name: &str) -> Self {
        match name {
            "denied" => Self::Denied,
            "disabled" => Self::Disabled,
            "unknown" => Self::Unknown,
            "usage" => Self::Usage,
            "busy" => Self::Busy,
            _ => Self::Refused,
        }
    }
}

impl ControlError {
    /// The exit code: 1 refused, 2 wrong words, 3 not allowed, 4 no answer.
    pub fn code(&self) -> u8 {
        match self {
            Self::NoSocket { .. } | Self::Stale(_) | Self::Permission(_) | Self::Unreachable { .. } => 4,
            Self::Broken(..) | Self::TooLarge(_) | Self::Malformed { .. } => 4,
            Self::TooLong(_) => 2,
            Self::Refused { reason, .. } => match reason {
                Reason::Denied | Reason::Disabled => 3,
                Reason::Usage => 2,
                Reason::Unknown | Reason::Busy | Reason::Refused => 1,
            },
            Self::Input(..) | Self::Output(_) => 1,
        }
    }

    /// Whether nobody is left to read what we print: no fault of ours.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The system's words without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// The exit code of a command, whose fault is told.
pub fn ended(name: &str, done: Result<(), ControlError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::from(error.code())
        }
    }
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string()).into_owned()
}

fn others(tried: &[PathBuf]) -> String {
    tried.iter().map(|path| format!(", nor {}", shown(path))).collect()
}

fn hint(reason: Reason) -> &'static str {
    match reason {
        Reason::Unknown => {
            "\n`gantry actions` tells what each is for; an older gantryd than this gantry knows fewer of them."
        }
        _ => "",
    }
}
