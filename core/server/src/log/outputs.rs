//! The logs that modules write: TransferLog, ExtendedLog and the like. A writer appends its line to
//! the log's buffer and continues; one thread writes whole buffers. A log that cannot be written
//! keeps its lines up to [`MOST`] bytes, and the thread tries again; further lines are counted and
//! reported as lost.

use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use gantry_api::log::Level;
use gantry_api::{Error, LogTarget, LogWriter, Result};

use super::place::{LineTarget, Place};

/// The most bytes of a log that wait to be written.
const MOST: usize = 4 << 20;
/// When to try again if a pipe or socket is full.
const SOON: Duration = Duration::from_millis(10);
/// When to try again if a log cannot be written, for example on a full disk.
const LATER: Duration = Duration::from_secs(1);
/// How often to report how many lines a log has lost.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// The memory that a log keeps for its next lines; a burst's memory is freed.
const KEPT: usize = 64 << 10;
/// How long to wait for the reader of a pipe with the last lines.
const READER_LIMIT: Duration = Duration::from_secs(5);
/// How long writing the last lines may take when the daemon ends.
const FLUSH_LIMIT: Duration = Duration::from_secs(30);

/// Writes a message to the daemon's own log.
pub(super) type Say = fn(Level, std::fmt::Arguments<'_>);

/// All open logs.
pub(super) struct Outputs {
    state: Mutex<State>,
    say: Say,
}

struct State {
    open: Vec<Weak<Output>>,
    /// The channel to the thread, once it runs.
    queue: Option<Sender<Work>>,
}

/// The thread's work.
enum Work {
    Write(Arc<Output>),
    Flush(SyncSender<()>),
}

/// One log.
struct Output {
    target: LogTarget,
    pending: Mutex<Pending>,
    /// Only for the thread: it may be locked as long as a disk takes.
    writing: Mutex<Writing>,
}

/// The lines that wait.
#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    lost: u64,
    /// Whether the thread has been notified of them.
    queued: bool,
    /// The new place, after the log was reopened.
    place: Option<Place>,
}

/// The thread's side of a log.
struct Writing {
    place: Place,
    /// Lines that the thread has taken and not written yet.
    lines: Vec<u8>,
    /// How much of them has been written.
    written: usize,
    lost: u64,
    /// Whether the last attempt failed; this is reported once.
    failing: bool,
    /// When it was last said how many lines were lost.
    reported: Instant,
}

impl Outputs {
    pub(super) const fn new(say: Say) -> Self {
        Self { state: Mutex::new(State { open: Vec::new(), queue: None }), say }
    }

    /// Opens a log. If it is open already, reopens it for all who write to it.
    pub(super) fn open(&self, target: &LogTarget) -> Result<Arc<dyn LogWriter>> {
        let place = Place::open(target).map_err(|error| unable(target, &error))?;
        let mut state = locked(&self.state);
        let queue = match &state.queue {
            Some(queue) => queue.clone(),
            None => {
                let queue = self.start()?;
                state.queue.insert(queue).clone()
            }
        };
        state.open.retain(|output| output.strong_count() > 0);
        let known = state.open.iter().filter_map(Weak::upgrade).find(|output| output.target == *target);
        let output = match known {
            Some(output) => {
                locked(&output.pending).place = Some(place);
                output
            }
            None => {
                let output = Arc::new(Output::new(target, place));
                state.open.push(Arc::downgrade(&output));
                output
            }
        };
        let handle = Handle { output, queue };
        // A renamed file is closed even if no line follows.
        handle.call_thread(&mut locked(&handle.output.pending));
        Ok(Arc::new(handle))
    }

    /// Waits for a limited time until all lines are written; reports those that could not be.
    pub(super) fn flush(&self) {
        let Some(queue) = locked(&self.state).queue.clone() else { return };
        let (done, flushed) = sync_channel(1);
        if queue.send(Work::Flush(done)).is_ok() && flushed.recv_timeout(FLUSH_LIMIT).is_err() {
            (self.say)(Level::Error, format_args!("the last lines of a log were lost: writing them takes too long"));
        }
    }

    fn start(&self) -> Result<Sender<Work>> {
        let (queue, work) = channel();
        let say = self.say;
        let started = thread::Builder::new().name("gantryd logs".to_owned()).spawn(move || serve(&work, say));
        started.map_err(|error| Error::system(format!("cannot start the thread that writes logs: {error}")))?;
        Ok(queue)
    }
}

/// Checks whether a log could be opened, without creating it.
pub(super) fn check(target: &LogTarget) -> Result<()> {
    Place::check(target).map_err(|error| unable(target, &error))
}

fn unable(target: &LogTarget, error: &std::io::Error) -> Error {
    Error::configuration(format!("unable to use '{target}': {error}"))
}

/// A module's handle of a log.
struct Handle {
    output: Arc<Output>,
    queue: Sender<Work>,
}

impl Handle {
    fn call_thread(&self, pending: &mut Pending) {
        if !std::mem::replace(&mut pending.queued, true) {
            // The thread ends only with the process.
            let _ = self.queue.send(Work::Write(self.output.clone()));
        }
    }
}

impl LogWriter for Handle {
    fn write(&self, line: &[u8]) {
        let mut pending = locked(&self.output.pending);
        if pending.lines.len().saturating_add(line.len()) >= MOST {
            pending.lost = pending.lost.saturating_add(1);
        } else {
            pending.lines.extend_from_slice(line);
            pending.lines.push(b'\n');
        }
        self.call_thread(&mut pending);
    }
}

/// The thread's loop.
fn serve(work: &Receiver<Work>, say: Say) {
    let mut waiting: Vec<(Instant, Arc<Output>)> = Vec::new();
    loop {
        let next = waiting.iter().map(|(due, _)| *due).min();
        let received = match next {
            Some(due) => work.recv_timeout(due.saturating_duration_since(Instant::now())),
            None => work.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(Work::Write(output)) => waiting.extend(attempt(output, say)),
            Ok(Work::Flush(done)) => {
                waiting.drain(..).for_each(|(_, output)| output.finish(say));
                let _ = done.try_send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(due, _)| *due <= now);
        waiting = later;
        waiting.extend(due.into_iter().filter_map(|(_, output)| attempt(output, say)));
    }
}

/// Writes the waiting lines; returns when to try again if that failed.
fn attempt(output: Arc<Output>, say: Say) -> Option<(Instant, Arc<Output>)> {
    let wait = output.write(say)?;
    Some((Instant::now() + wait, output))
}

impl Output {
    fn new(target: &LogTarget, place: Place) -> Self {
        let writing =
            Writing { place, lines: Vec::new(), written: 0, lost: 0, failing: false, reported: Instant::now() };
        Self { target: target.clone(), pending: Mutex::default(), writing: Mutex::new(writing) }
    }

    /// Writes the waiting lines, or returns when to try again.
    fn write(&self, say: Say) -> Option<Duration> {
        let mut writing = locked(&self.writing);
        self.renew(&mut writing);
        loop {
            if writing.is_done() && !self.take(&mut writing) {
                writing.report(&self.target, say);
                return None;
            }
            match writing.step(&self.target, say) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(SOON),
                Err(error) => {
                    writing.place.doubt();
                    if !std::mem::replace(&mut writing.failing, true) {
                        say(
                            Level::Error,
                            format_args!("cannot write to {}: {error}; further lines are kept for now", self.target),
                        );
                    }
                    if writing.lost > 0 && writing.reported.elapsed() > REPORT_EVERY {
                        writing.report(&self.target, say);
                    }
                    return Some(LATER);
                }
            }
        }
    }

    /// Takes the waiting lines; false if there are none.
    fn take(&self, writing: &mut Writing) -> bool {
        let mut pending = locked(&self.pending);
        writing.clear();
        std::mem::swap(&mut writing.lines, &mut pending.lines);
        writing.lost = writing.lost.saturating_add(std::mem::take(&mut pending.lost));
        if let Some(place) = pending.place.take() {
            writing.place = place;
        }
        let is_there = !writing.lines.is_empty();
        pending.queued = is_there;
        is_there
    }

    /// Applies a reopening while lines are waiting.
    fn renew(&self, writing: &mut Writing) {
        if let Some(place) = locked(&self.pending).place.take() {
            writing.place = place;
            writing.drop_half_line();
        }
    }

    /// Writes the last lines, waiting a little for a slow reader. Lines that cannot be written
    /// count as lost.
    fn finish(&self, say: Say) {
        let end = Instant::now() + READER_LIMIT;
        loop {
            match self.write(say) {
                Some(SOON) if Instant::now() < end => thread::sleep(SOON),
                Some(_) => break,
                None => return,
            }
        }
        let mut writing = locked(&self.writing);
        let rest = writing.lines.get(writing.written..).map_or(0, count);
        writing.lost = writing.lost.saturating_add(rest);
        if self.take(&mut writing) {
            let more = count(&writing.lines);
            writing.lost = writing.lost.saturating_add(more);
        }
        writing.written = writing.lines.len();
        writing.report(&self.target, say);
    }
}

impl Writing {
    fn is_done(&self) -> bool {
        self.written >= self.lines.len()
    }

    /// Writes some of the lines.
    fn step(&mut self, target: &LogTarget, say: Say) -> std::io::Result<()> {
        match self.place.follow() {
            Ok(LineTarget::Another) => self.drop_half_line(),
            Ok(LineTarget::Same) => {}
            Err(error) if !self.place.is_open() => return Err(error),
            Err(error) => {
                say(Level::Error, format_args!("cannot reopen {target}: {error}; lines still go to the renamed file"));
            }
        }
        let written = self.place.write(self.lines.get(self.written..).unwrap_or_default())?;
        self.written = self.written.saturating_add(written);
        if written > 0 && self.is_done() {
            self.failing = false;
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.written = 0;
        match self.lines.capacity() > KEPT {
            true => self.lines = Vec::new(),
            false => self.lines.clear(),
        }
    }

    /// Drops the rest of a line that began in another file.
    fn drop_half_line(&mut self) {
        let begun =
            self.written.checked_sub(1).and_then(|last| self.lines.get(last)).is_some_and(|last| *last != b'\n');
        if !begun || self.is_done() {
            return;
        }
        let rest = self.lines.get(self.written..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        self.written = self.written.saturating_add(end);
        self.lost = self.lost.saturating_add(1);
    }

    /// Reports how many lines were lost since the last report.
    fn report(&mut self, target: &LogTarget, say: Say) {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            say(Level::Error, format_args!("{lost} lines of {target} were lost"));
        }
        self.reported = Instant::now();
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count().try_into().unwrap_or(u64::MAX)
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
