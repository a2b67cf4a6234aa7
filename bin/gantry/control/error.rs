//! Why a command for the running daemon failed, and its exit code.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::show::text::{visible, visible_lines};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket does not exist.
    #[error("control socket not found: {}{}\nIs gantryd running, with `ControlsEngine on`? If its ControlsSocket is \
             elsewhere, name it with --socket.", shown(.socket), others(.tried))]
    NoSocket {
        /// The socket that was looked for.
        socket: PathBuf,
        /// The other sockets that were looked for.
        tried: Vec<PathBuf>,
    },
    /// The socket exists, but nothing listens on it.
    #[error("nothing listens on {}: gantryd has ended, or was restarted with another ControlsSocket", shown(.0))]
    Stale(PathBuf),
    /// The file's mode denies us access.
    #[error("{}: permission denied\nYou lack permission on the socket file; ControlsSocketOwner sets its owner \
             and group.", shown(.0))]
    Permission(PathBuf),
    /// Any other error while connecting.
    #[error("cannot reach gantryd at {}: {}", shown(.socket), plain(.source))]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The daemon closed the connection during its answer, or before it.
    #[error("gantryd closed the connection {0}; '{1}' may or may not have been done: see gantryd's log")]
    Broken(&'static str, String),
    /// The answer is too large.
    #[error("the answer to '{0}' is larger than 64 MiB and was not read")]
    TooLarge(String),
    /// The answer does not follow this protocol.
    #[error("the answer to '{action}' was not understood ({fault}): is this gantryd's socket?")]
    Malformed {
        /// The action.
        action: String,
        /// What is wrong with the answer.
        fault: String,
    },
    /// The request is too large.
    #[error("'{0}' with its arguments and directives is larger than gantryd's limit of 1 MiB")]
    TooLong(String),
    /// The daemon refused.
    #[error("{}{}", visible_lines(.text), hint(*.reason))]
    Refused {
        /// The action.
        action: String,
        /// The kind of refusal.
        reason: Reason,
        /// The daemon's own words.
        text: String,
    },
    /// A file to send along cannot be read.
    #[error("{}: {}", shown(.0), plain(.1))]
    Input(PathBuf, io::Error),
    /// The output cannot be written.
    #[error("cannot write: {}", plain(.0))]
    Output(#[from] io::Error),
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The access lists do not allow it.
    Denied,
    /// The action is disabled.
    Disabled,
    /// The action does not exist.
    Unknown,
    /// The arguments are wrong.
    Usage,
    /// A request of the same kind is running, or there are too many clients.
    Busy,
    /// Anything else.
    Refused,
}

impl Reason {
    /// The reason with this name.
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
    /// The exit code: 1 refused, 2 wrong arguments, 3 not allowed, 4 no answer.
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

    /// Whether the reader of our output is gone, which is not an error.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The system's words without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Prints the command's error, if any, and returns its exit code.
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
    tried.iter().map(|path| format!(", {}", shown(path))).collect()
}

fn hint(reason: Reason) -> &'static str {
    match reason {
        Reason::Unknown => {
            "\nSee `gantry actions` for a list; a gantryd older than this gantry may have fewer actions."
        }
        _ => "",
    }
}
