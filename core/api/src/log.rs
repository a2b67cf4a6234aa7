//! Log records cross images as plain fields; the daemon writes them. Each image keeps one pointer
//! to the daemon's [`Host`], set when the image is opened, because its panic hook and its log lines
//! need it.

use std::fmt;
use std::sync::OnceLock;

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
}

// The only static of the boundary, on purpose one per image. It points into the executable, which
// is never unmapped.
static HOST: OnceLock<&'static dyn Host> = OnceLock::new();

/// Connects this image to the daemon's log; only the first call counts.
pub fn connect(host: &'static dyn Host) {
    let _ = HOST.set(host);
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
