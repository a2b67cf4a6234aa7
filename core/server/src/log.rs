//! The daemon's own log: one line a record, to SystemLog; without one to standard
//! error or to syslog. Every image's records come here through [`Host`].

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_api::log::{Host, Level, Record};
use jiff::ZonedDateTime;

/// The process's logger.
pub static LOGGER: Logger = Logger { most: AtomicU8::new(2), sink: Mutex::new(Sink { file: None, syslog: None }) };

/// Where the system's log hears.
const SYSLOG: &str = "/dev/log";
/// RFC 3164's facility for daemons, as a priority's upper bits.
const FACILITY: u8 = 3 << 3;

/// Writes records; standard error until something else is set.
pub struct Logger {
    most: AtomicU8,
    sink: Mutex<Sink>,
}

/// The first that is there and works takes a record; else standard error does.
struct Sink {
    file: Option<File>,
    syslog: Option<UnixDatagram>,
}

impl Logger {
    /// Sets how much is written.
    pub fn set_level(&self, level: Level) {
        self.most.store(rank(level), Ordering::Relaxed);
    }

    /// Opens a SystemLog, to be put in place when all else is sound.
    pub fn open(path: &Path) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).mode(0o640).open(path)
    }

    /// Sends records to a file from now on, or back to where they go without
    /// one.
    pub fn send_to(&self, file: Option<File>) {
        self.sink().file = file;
    }

    /// Where there is no file, records go to syslog from now on; to standard
    /// error still where nobody hears there.
    ///
    /// # Errors
    /// The system's: there is no socket to be had.
    pub fn prefer_syslog(&self) -> io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        // No session waits for a log.
        socket.set_nonblocking(true)?;
        self.sink().syslog = Some(socket);
        Ok(())
    }

    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Logger {
    fn enabled(&self, level: Level) -> bool {
        rank(level) <= self.most.load(Ordering::Relaxed)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.level) {
            return;
        }
        let sink = self.sink();
        // A log that cannot be written to has nowhere to say so.
        let _ = match (&sink.file, &sink.syslog) {
            (Some(file), _) => (&*file).write_all(line(record).as_bytes()),
            (None, Some(socket)) if socket.send_to(packet(record).as_bytes(), SYSLOG).is_ok() => Ok(()),
            _ => io::stderr().write_all(line(record).as_bytes()),
        };
    }
}

fn rank(level: Level) -> u8 {
    match level {
        Level::Error => 0,
        Level::Warn => 1,
        Level::Info => 2,
        Level::Debug => 3,
        Level::Trace => 4,
    }
}

/// `2026-11-23 16:15:43,123 gantryd[4711] mod_sql warn: text key=value`, one
/// line whatever the text holds.
fn line(record: &Record<'_>) -> String {
    let now = ZonedDateTime::now().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
    format!("{now} gantryd[{}]{}\n", std::process::id(), text(record))
}

/// The same for syslog (RFC 3164), which keeps time and host itself.
fn packet(record: &Record<'_>) -> String {
    let severity = match record.level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    let now = ZonedDateTime::now().strftime("%b %e %H:%M:%S").to_string();
    // The name ends at the first colon.
    let text = text(record);
    let text = text.strip_prefix(": ").unwrap_or(&text).trim_start();
    format!("<{}>{now} gantryd[{}]: {text}", FACILITY | severity, std::process::id())
}

/// ` mod_sql warning: text key=value`, without module and level where there is
/// nothing to say.
fn text(record: &Record<'_>) -> String {
    let target = match record.target {
        "gantry-server" | "gantry" => String::new(),
        target => format!(" {target}"),
    };
    let level = match record.level {
        Level::Error => " error",
        Level::Warn => " warning",
        Level::Info => "",
        Level::Debug => " debug",
        Level::Trace => " trace",
    };
    let mut text = record.message.replace(['\r', '\n'], " ");
    for (key, value) in record.fields {
        text.push_str(&format!(" {key}={}", value.replace(['\r', '\n'], " ")));
    }
    format!("{target}{level}: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_for_syslog_begins_with_priority_and_name() {
        let record = |target, level| packet(&Record { level, target, message: "a\nb", fields: &[] });
        let plain = record("gantry-server", Level::Info);
        assert!(plain.starts_with("<30>") && plain.ends_with("]: a b"), "{plain}");
        let of_module = record("mod_sql", Level::Error);
        assert!(of_module.starts_with("<27>") && of_module.ends_with("]: mod_sql error: a b"), "{of_module}");
    }
}
