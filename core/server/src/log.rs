//! The daemon's own log: one line per record, to SystemLog, or without it to standard error or
//! syslog. The records of every image arrive here through [`Host`].

mod outputs;
mod place;
pub mod speaker;
mod style;
mod syslog;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use gantry_api::log::{self, Host, Level, Record};
use gantry_api::proto::text::OneLine;
use gantry_api::{LogTarget, LogWriter, Severity};
use gantry_sys::own_file::{check_own_path, open_own_file};
use jiff::ZonedDateTime;
use rustix::fs::OFlags;

use self::outputs::Outputs;
use self::speaker::{Label, ServerLog, Speaker};
pub use self::style::{LogOptions, set_program};
use self::syslog::Syslog;

/// The target of the server's own records.
const TARGET: &str = "gantry-server";

/// Logs a message of the server itself.
pub fn say(level: Level, message: fmt::Arguments<'_>) {
    log::write(level, TARGET, message);
}

/// The process's logger.
pub static LOGGER: Logger = Logger {
    verbosity: AtomicU8::new(0),
    configured: AtomicU8::new(0),
    of_servers: AtomicU8::new(0),
    syslog_rank: AtomicU8::new(u8::MAX),
    most: AtomicU8::new(2),
    channels: RwLock::new(BTreeMap::new()),
    sink: Mutex::new(None),
    queue: OnceLock::new(),
    lost: AtomicU64::new(0),
    options: RwLock::new(LogOptions::NONE),
    outputs: Outputs::new(say),
};

/// The most records that wait to be written; further ones are lost and counted.
const QUEUE: usize = 8192;
/// How long writing the last records may take when the daemon ends.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// Writes records, to standard error until another target is set. Once its thread runs, logging
/// never waits for a file or for the reader of standard error.
pub struct Logger {
    /// ProFTPD's debug level, 0 to 10, from the command line and from operators.
    verbosity: AtomicU8,
    /// The same from the configuration; the higher one counts.
    configured: AtomicU8,
    /// The highest DebugLevel of any server.
    of_servers: AtomicU8,
    /// The rank of the least important records that go to syslog.
    syslog_rank: AtomicU8,
    /// The highest rank of any channel.
    most: AtomicU8,
    /// The higher levels of single modules and rooms.
    channels: RwLock<BTreeMap<String, u8>>,
    sink: Mutex<Option<Arc<Sink>>>,
    queue: OnceLock<SyncSender<Work>>,
    lost: AtomicU64,
    /// The main server's options.
    options: RwLock<LogOptions>,
    /// The logs that modules write.
    outputs: Outputs,
}

/// The first available target gets a record; if none works, standard error does.
#[derive(Default)]
struct Sink {
    file: Option<File>,
    syslog: Option<Syslog>,
}

/// The thread's work.
enum Work {
    Write(Entry),
    Flush(SyncSender<()>),
}

/// A waiting record.
struct Entry {
    time: ZonedDateTime,
    level: Level,
    /// The session that it is about.
    session: Option<Label>,
    /// The module and the level, if any, and the text, escaped.
    text: String,
}

impl Logger {
    /// Sets ProFTPD's debug level, 0 to 10.
    pub fn set_verbosity(&self, verbosity: u8) {
        self.verbosity.store(verbosity, Ordering::Relaxed);
        self.renew();
    }

    /// The debug level.
    pub fn verbosity(&self) -> u8 {
        self.verbosity.load(Ordering::Relaxed).max(self.configured.load(Ordering::Relaxed))
    }

    /// Applies DebugLevel (the main server's, and the highest of any server), SyslogFacility and
    /// SyslogLevel.
    pub fn configure(&self, verbosity: u8, of_servers: u8, facility: Option<u8>, least: Option<Level>) {
        self.configured.store(verbosity, Ordering::Relaxed);
        self.of_servers.store(of_servers, Ordering::Relaxed);
        syslog::set_facility(facility);
        self.syslog_rank.store(least.map_or(u8::MAX, rank), Ordering::Relaxed);
        self.renew();
    }

    /// Sets the level of a channel: a module's name, or the target of a log record. At 0 it uses
    /// the general level.
    pub fn trace(&self, channel: String, verbosity: u8) {
        let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        match verbosity {
            0 => drop(channels.remove(&channel)),
            _ => drop(channels.insert(channel, verbosity)),
        }
        drop(channels);
        self.renew();
    }

    /// The channels with a higher level than the general one.
    pub fn traced(&self) -> Vec<(String, u8)> {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels.iter().map(|(channel, level)| (channel.clone(), *level)).collect()
    }

    fn renew(&self) {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        let others = [self.verbosity(), self.of_servers.load(Ordering::Relaxed)];
        let most = channels.values().copied().chain(others).map(rank_of).max();
        self.most.store(most.unwrap_or_default(), Ordering::Relaxed);
    }

    /// Whether a record belongs to a channel with that level.
    fn wants(&self, record: &Record<'_>) -> bool {
        let rank = rank(record.level);
        if rank <= rank_of(self.verbosity()) {
            return true;
        }
        if rank <= rank_of(self.of_servers.load(Ordering::Relaxed)) && rank <= rank_of(Speaker::verbosity()) {
            return true;
        }
        let is_of = |channel: &str| {
            let below = || record.target.strip_prefix(channel).is_some_and(|rest| rest.starts_with("::"));
            record.target == channel || below() || record.fields.contains(&("module", channel))
        };
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels.iter().any(|(channel, verbosity)| rank <= rank_of(*verbosity) && is_of(channel))
    }

    /// Opens a SystemLog, to be used once everything else has succeeded.
    pub fn open(path: &Path) -> io::Result<File> {
        // A pipe without a reader is an error and does not block.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        open_own_file(path, OpenOptions::new().create(true).append(true).mode(0o640), flags)
    }

    /// Whether a SystemLog could be opened; none is made.
    ///
    /// # Errors
    /// The system's, which opening it would meet.
    pub fn check(path: &Path) -> io::Result<()> {
        check_own_path(path)?;
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() => OpenOptions::new().append(true).open(path).map(drop),
            // The state of a pipe depends on its reader and may change, so it is not checked.
            Ok(found) if !found.is_dir() => Ok(()),
            Ok(_) => Err(io::ErrorKind::IsADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(Path::new("/"));
                if std::fs::metadata(folder)?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
            }
            Err(error) => Err(error),
        }
    }

    /// Sends records to a file from now on, or, without one, to the default target.
    pub fn send_to(&self, file: Option<File>) {
        let mut sink = self.locked();
        let syslog = sink.as_ref().and_then(|sink| sink.syslog.as_ref()?.again().ok());
        *sink = Some(Arc::new(Sink { file, syslog }));
    }

    /// Sets the beginning of lines.
    pub fn set_options(&self, options: LogOptions) {
        *self.options.write().unwrap_or_else(PoisonError::into_inner) = options;
    }

    fn options(&self, session: Option<&Label>) -> LogOptions {
        let main = *self.options.read().unwrap_or_else(PoisonError::into_inner);
        session.map_or(main, |session| session.options.or(main))
    }

    /// Where there is no file, records go to syslog from now on; to standard
    /// error still where nobody hears there.
    ///
    /// # Errors
    /// The system's: there is no socket to be had.
    pub fn prefer_syslog(&self) -> io::Result<()> {
        let socket = Syslog::new()?;
        let mut sink = self.locked();
        let file = sink.as_ref().and_then(|sink| sink.file.as_ref()?.try_clone().ok());
        *sink = Some(Arc::new(Sink { file, syslog: Some(socket) }));
        Ok(())
    }

    /// From now on a thread of its own does the writing. Called when the
    /// process has become whose it shall be.
    ///
    /// # Errors
    /// The system's: there is no thread to be had.
    pub fn start_thread(&'static self) -> io::Result<()> {
        let (queue, work) = sync_channel(QUEUE);
        thread::Builder::new().name("gantryd log".to_owned()).spawn(move || {
            for work in work {
                self.serve(work);
            }
        })?;
        let _ = self.queue.set(queue);
        Ok(())
    }

    /// Waits for a limited time until everything is written. The logs of modules come first,
    /// because they may report lost lines.
    pub fn flush(&self) {
        self.outputs.flush();
        let Some(queue) = self.queue.get() else { return };
        let (done, written) = sync_channel(1);
        if queue.try_send(Work::Flush(done)).is_ok() {
            let _ = written.recv_timeout(FLUSH_LIMIT);
        }
    }

    fn serve(&self, work: Work) {
        match work {
            Work::Write(entry) => {
                let lost = self.lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let text = format!(" warning: {lost} records were lost: the log cannot be written fast enough");
                    self.write(&Entry { time: entry.time.clone(), level: Level::Warn, session: None, text });
                }
                self.write(&entry);
            }
            Work::Flush(done) => drop(done.try_send(())),
        }
    }

    fn write(&self, entry: &Entry) {
        // Not locked while writing: a reload that changes it must not wait.
        let sink = self.locked().clone().unwrap_or_default();
        // There is nowhere to report that a log cannot be written.
        let _ = match (&sink.file, &sink.syslog) {
            (Some(file), _) => (&*file).write_all(self.line(entry, "\n").as_bytes()),
            (None, Some(_)) if rank(entry.level) > self.syslog_rank.load(Ordering::Relaxed) => Ok(()),
            (None, Some(socket)) if socket.send(severity(entry.level), self.for_syslog(entry).as_bytes()).is_ok() => {
                Ok(())
            }
            _ => io::stderr().write_all(self.line(entry, "\n").as_bytes()),
        };
    }

    /// `2026-11-23 16:15:43,123 gantryd[4711] mod_sql warning: text key=value`, one line
    /// whatever the text holds; about a session
    /// `2026-11-23 16:15:43,123 gantryd[4711] 192.0.2.1 (client.example[192.0.2.7]): text`.
    fn line(&self, entry: &Entry, end: &str) -> String {
        let begin = self.options(entry.session.as_ref()).begin(&entry.time, entry.session.as_ref().map(Label::parties));
        format!("{begin}{}{end}", entry.text)
    }

    /// The same for syslog, which adds time and host itself. The name ends at the first colon.
    fn for_syslog(&self, entry: &Entry) -> String {
        match &entry.session {
            Some(session) => format!("{}{}", self.options(Some(session)).session(session.parties()), entry.text),
            None => entry.text.strip_prefix(": ").unwrap_or(&entry.text).trim_start().to_owned(),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Option<Arc<Sink>>> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Logger {
    fn enabled(&self, level: Level) -> bool {
        rank(level) <= self.most.load(Ordering::Relaxed)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.level) || !self.wants(record) {
            return;
        }
        let session = Speaker::current();
        let text = text(record, session.is_some());
        let entry = Entry { time: ZonedDateTime::now(), level: record.level, session, text };
        match entry.session.as_ref().map(|session| &session.log) {
            None | Some(ServerLog::Shared) => {}
            Some(ServerLog::None) => return,
            Some(ServerLog::Own(log)) => return log.write(self.line(&entry, "").as_bytes()),
        }
        match self.queue.get() {
            Some(queue) => {
                if queue.try_send(Work::Write(entry)).is_err() {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            None => self.write(&entry),
        }
    }

    fn open_log(&self, target: &LogTarget) -> gantry_api::Result<Arc<dyn LogWriter>> {
        self.outputs.open(target)
    }

    fn check_log(&self, target: &LogTarget) -> gantry_api::Result<()> {
        outputs::check(target)
    }
}

/// The rank of the least important records at one of ProFTPD's levels.
fn rank_of(verbosity: u8) -> u8 {
    rank(match verbosity {
        0 => Level::Info,
        1..=5 => Level::Debug,
        _ => Level::Trace,
    })
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

fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::Error,
        Level::Warn => Severity::Warning,
        Level::Info => Severity::Info,
        Level::Debug | Level::Trace => Severity::Debug,
    }
}

/// ` mod_sql warning: text key=value`, without module and level if there are none. After a session
/// it is `: text`, as in ProFTPD, or `: mod_sql warning: text`.
fn text(record: &Record<'_>, in_session: bool) -> String {
    let target = match record.target {
        "gantry-server" | "gantry" => "",
        target => target,
    };
    let level = match record.level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let mut words = String::new();
    for word in [target, level].into_iter().filter(|word| !word.is_empty()) {
        words.push(' ');
        words.push_str(word);
    }
    // Only here, because a record may quote what others have sent.
    let mut text = OneLine(record.message).to_string();
    for (key, value) in record.fields {
        text.push_str(&format!(" {key}={}", OneLine(value)));
    }
    match (in_session, words.is_empty()) {
        (true, false) => format!(":{words}: {text}"),
        _ => format!("{words}: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(target: &str, level: Level, session: Option<Label>) -> Entry {
        let text = text(&Record { level, target, message: "a\nb\u{1b}", fields: &[] }, session.is_some());
        Entry { time: ZonedDateTime::now(), level, session, text }
    }

    #[test]
    fn a_record_moves_no_cursor() {
        let (target, fields) = ("mod_x", [("field", "\u{9b}2J")]);
        let text = text(&Record { level: Level::Info, target, message: "a\u{1b}[2Jb", fields: &fields }, false);
        assert_eq!(text, r" mod_x: a\x1b[2Jb field=\u{9b}2J");
    }

    #[test]
    fn a_record_for_syslog_begins_with_priority_and_name() {
        let record = |target, level| {
            let entry = entry(target, level, None);
            let packet = syslog::packet(severity(level), &entry.time, LOGGER.for_syslog(&entry).as_bytes());
            String::from_utf8(packet).unwrap()
        };
        let plain = record("gantry-server", Level::Info);
        assert!(plain.starts_with("<30>") && plain.ends_with("]: a b\\x1b"), "{plain}");
        let of_module = record("mod_sql", Level::Error);
        assert!(of_module.starts_with("<27>") && of_module.ends_with("]: mod_sql error: a b\\x1b"), "{of_module}");
    }

    #[test]
    fn a_record_about_a_session_looks_as_proftpds() {
        let line = |target, level| {
            let (server, client) = ("192.0.2.1".into(), "c[192.0.2.7]".into());
            let label = Label { server, client, log: ServerLog::Shared, options: LogOptions::NONE, verbosity: 0 };
            let entry = entry(target, level, Some(label));
            LOGGER.line(&entry, "").split_once(' ').unwrap().1.split_once(' ').unwrap().1.to_owned()
        };
        let pid = std::process::id();
        assert_eq!(line("gantry", Level::Info), format!("gantryd[{pid}] 192.0.2.1 (c[192.0.2.7]): a b\\x1b"));
        assert_eq!(
            line("mod_sql", Level::Warn),
            format!("gantryd[{pid}] 192.0.2.1 (c[192.0.2.7]): mod_sql warning: a b\\x1b")
        );
    }
}
