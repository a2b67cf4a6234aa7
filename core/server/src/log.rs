//! The daemon's own log: one line a record, to SystemLog or standard error.
//! Every image's records come here through [`Host`].

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

use gantry_api::log::{Host, Level, Record};
use jiff::ZonedDateTime;

/// The process's logger.
pub static LOGGER: Logger = Logger { most: AtomicU8::new(2), sink: Mutex::new(None) };

/// Writes records; standard error until a file is set.
pub struct Logger {
    most: AtomicU8,
    sink: Mutex<Option<File>>,
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

    /// Sends records to a file from now on, or back to standard error.
    pub fn send_to(&self, file: Option<File>) {
        *self.sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = file;
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
        let line = line(record);
        let mut sink = self.sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A log that cannot be written to has nowhere to say so.
        let _ = match sink.as_mut() {
            Some(file) => file.write_all(line.as_bytes()),
            None => io::stderr().write_all(line.as_bytes()),
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
    format!("{now} gantryd[{}]{target}{level}: {text}\n", std::process::id())
}
