//! Logs of modules: TransferLog, ExtendedLog and their like. A module opens a log at its
//! start and gives it lines; the daemon writes them. Nobody waits for a log: the daemon's
//! own thread does the writing, reopens files that were renamed, and says how many lines
//! were lost where a log could not be written.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the lines of a log go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogTarget {
    /// A file, which is made if it is missing, or a pipe that somebody reads.
    File {
        /// Its absolute path. `/dev/stdout` and `/dev/stderr` are the daemon's own.
        path: PathBuf,
        /// Whether it may be a symbolic link (AllowLogSymlinks).
        follow_link: bool,
    },
    /// The system's log.
    Syslog(Severity),
}

/// The severities of RFC 5424, by the names that ProFTPD has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// `emerg`
    Emergency = 0,
    /// `alert`
    Alert = 1,
    /// `crit`
    Critical = 2,
    /// `error`
    Error = 3,
    /// `warn`
    Warning = 4,
    /// `notice`
    Notice = 5,
    /// `info`
    Info = 6,
    /// `debug`
    Debug = 7,
}

impl Severity {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 8] = [
        ("emerg", Self::Emergency),
        ("alert", Self::Alert),
        ("crit", Self::Critical),
        ("error", Self::Error),
        ("warn", Self::Warning),
        ("notice", Self::Notice),
        ("info", Self::Info),
        ("debug", Self::Debug),
    ];

    /// By its name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, severity)| severity)
    }
}

impl fmt::Display for LogTarget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(out, "{}", path.display()),
            Self::Syslog(severity) => {
                let name = Severity::ALL.into_iter().find(|(_, known)| known == severity).map_or("", |(name, _)| name);
                write!(out, "syslog:{name}")
            }
        }
    }
}

/// The daemon's side of a log.
pub trait LogWriter: Send + Sync {
    /// Takes a line without its end. Returns at once.
    fn write(&self, line: &[u8]);
}

/// A log that is open ([`crate::log::open`]). All that open the same target share it, also those of another
/// generation.
#[derive(Clone)]
pub struct LogOutput(Arc<dyn LogWriter>);

impl LogOutput {
    /// The daemon's side of a log, as a module has it.
    pub(crate) fn new(writer: Arc<dyn LogWriter>) -> Self {
        Self(writer)
    }

    /// Gives it a line, without its end. Control characters must have been escaped. Never
    /// waits; where too many lines wait already, the daemon counts the line as lost.
    pub fn write(&self, line: &[u8]) {
        self.0.write(line);
    }
}

impl fmt::Debug for LogOutput {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LogOutput")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_have_proftpds_names() {
        assert_eq!(Severity::parse("Notice"), Some(Severity::Notice));
        assert_eq!(Severity::parse("bogus"), None);
        assert_eq!(LogTarget::Syslog(Severity::Warning).to_string(), "syslog:warn");
        assert!(Severity::ALL.into_iter().zip(0..).all(|((_, severity), number)| severity as u8 == number));
    }
}
