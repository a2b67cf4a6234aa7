//! Log records cross images as plain fields; the daemon writes them. Each
//! image keeps one pointer to the daemon's [`Host`], set when the image is
//! taken in: also its panic hook and its log lines need a way out.

use std::fmt;
use std::sync::OnceLock;

/// How much a record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something is broken.
    Error,
    /// Something will break, or was refused.
    Warn,
    /// What an administrator wants to know.
    Info,
    /// What somebody who looks for a fault wants to know.
    Debug,
    /// Each step.
    Trace,
}

/// One log record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// How much it matters.
    pub level: Level,
    /// The module or part that speaks.
    pub target: &'a str,
    /// The text.
    pub message: &'a str,
    /// Further named values.
    pub fields: &'a [(&'a str, &'a str)],
}

/// What the daemon gives every image, for the life of the process.
pub trait Host: Sync {
    /// Whether records of a level are written.
    fn enabled(&self, level: Level) -> bool;
    /// Writes a record.
    fn log(&self, record: &Record<'_>);
}

// The one static of the boundary: per image by intent, and it points into the
// executable, which is never unmapped.
static HOST: OnceLock<&'static dyn Host> = OnceLock::new();

/// Gives this image its way to the daemon's log; the first call counts.
pub fn connect(host: &'static dyn Host) {
    let _ = HOST.set(host);
}

/// Whether records of a level are written.
pub fn enabled(level: Level) -> bool {
    HOST.get().is_some_and(|host| host.enabled(level))
}

/// Writes a record; `log!` is the comfortable way.
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
