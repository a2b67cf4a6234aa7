//! Log records cross images as plain fields; the daemon writes them. Each image keeps one pointer
//! to the daemon's [`Host`], set when the image is opened, because its panic hook and its log lines
//! need it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result};
use crate::log_output::{LogOutput, LogTarget, LogWriter};

/// The level of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something is broken.
    Error,
    /// Something will break, or was refused.
    Warn,
    /// Of interest to an administrator.
    Info,
    /// For finding a fault.
    Debug,
    /// Every step.
    Trace,
}

/// One log record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its level.
    pub level: Level,
    /// The module or part that logs it.
    pub target: &'a str,
    /// The text.
    pub message: &'a str,
    /// Additional named values.
    pub fields: &'a [(&'a str, &'a str)],
}

/// What the daemon provides to every image, for the life of the process.
pub trait Host: Sync {
    /// Whether records of a level are written.
    fn enabled(&self, level: Level) -> bool;
    /// Writes a record.
    fn log(&self, record: &Record<'_>);
    /// Opens a log of a module's ([`open`]).
    ///
    /// # Errors
    /// The configuration's.
    fn open_log(&self, target: &LogTarget) -> Result<Arc<dyn LogWriter>> {
        Err(Error::system(format!("{target}: this process writes no logs")))
    }
    /// Checks whether a log could be opened ([`check`]).
    ///
    /// # Errors
    /// The configuration's.
    fn check_log(&self, _target: &LogTarget) -> Result<()> {
        Ok(())
    }
}

// The only static of the boundary, on purpose one per image. It points into the executable, which
// is never unmapped.
static HOST: OnceLock<&'static dyn Host> = OnceLock::new();

/// Connects this image to the daemon's log; only the first call counts.
pub fn connect(host: &'static dyn Host) {
    let _ = HOST.set(host);
}

/// Opens a log of a module's, or opens it anew if it is open already.
///
/// # Errors
/// The configuration's: the target cannot be used. The text names it and says why.
pub fn open(target: &LogTarget) -> Result<LogOutput> {
    match HOST.get() {
        Some(host) => host.open_log(target).map(LogOutput::new),
        None => Err(Error::system("there is no daemon to write logs")),
    }
}

/// Checks whether a log could be opened, without creating it. What this process may not look at is no
/// fault: the daemon may have more rights.
///
/// # Errors
/// As [`open`].
pub fn check(target: &LogTarget) -> Result<()> {
    HOST.get().map_or(Ok(()), |host| host.check_log(target))
}

/// Whether records of a level are written.
pub fn enabled(level: Level) -> bool {
    HOST.get().is_some_and(|host| host.enabled(level))
}

/// Writes a record; `log!` is the convenient way.
pub fn write(level: Level, target: &str, message: fmt::Arguments<'_>) {
    let Some(host) = HOST.get().filter(|host| host.enabled(level)) else { return };
    host.log(&Record { level, target, message: &message.to_string(), fields: &[] });
}

/// Writes an event of a session in ProFTPD's words, which readers of logs look for: no module's name
/// is before them.
pub fn event(message: fmt::Arguments<'_>) {
    write(Level::Info, "gantry", message);
}

/// Writes a record with named values.
pub fn record(record: &Record<'_>) {
    if let Some(host) = HOST.get() {
        host.log(record);
    }
}

/// Writes a log record: `log!(Warn, "cannot reach {server}")`.
#[macro_export]
macro_rules! log {
    ($level:ident, $($text:tt)+) => {
        $crate::log::write($crate::log::Level::$level, env!("CARGO_PKG_NAME"), format_args!($($text)+))
    };
}
