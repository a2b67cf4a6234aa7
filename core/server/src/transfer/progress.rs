//! State shared by the session's loop and the data connection of its command: how far a transfer
//! is, and whether it must stop. The transfer's record is completed from it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use gantry_api::Session;
use gantry_api::transfer::{Direction, Outcome, Transfer};
use tokio::sync::Notify;

/// One per session, used by one transfer at a time.
#[derive(Default)]
pub struct Progress {
    moved: AtomicU64,
    running: AtomicBool,
    inward: AtomicBool,
    recorded: AtomicBool,
    finished: AtomicBool,
    stopped: AtomicBool,
    stalled: AtomicBool,
    gone: AtomicBool,
    stop: Notify,
}

impl Progress {
    /// A command begins: resets everything.
    pub fn reset(&self) {
        self.moved.store(0, Ordering::Relaxed);
        for flag in [&self.running, &self.recorded, &self.finished, &self.stopped, &self.stalled] {
            flag.store(false, Ordering::Relaxed);
        }
    }

    /// A transfer begins: ABOR stops it from here on.
    pub fn begin(&self, direction: Direction) {
        self.inward.store(direction == Direction::In, Ordering::Relaxed);
        self.running.store(true, Ordering::Relaxed);
    }

    /// Its data connection is open: puts its record into the session.
    pub fn record(&self, session: &mut Session, mut transfer: Transfer) {
        transfer.began = SystemTime::now();
        transfer.ended = transfer.began;
        session.transfer = Some(transfer);
        self.recorded.store(true, Ordering::Relaxed);
    }

    /// Everything has moved, and the data connection is closed.
    pub fn finish(&self) {
        self.finished.store(true, Ordering::Relaxed);
    }

    /// Completes the record of the command's transfer and adds its bytes to the session's, once. If
    /// the command failed or its task was dropped, the transfer is incomplete.
    pub fn settle(&self, session: &mut Session, succeeded: bool) {
        if !self.recorded.swap(false, Ordering::Relaxed) {
            return;
        }
        let Some(transfer) = &mut session.transfer else { return };
        transfer.bytes = self.moved();
        transfer.ended = SystemTime::now();
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        transfer.outcome = match succeeded && is(&self.finished) {
            true => Outcome::Complete,
            false if is(&self.stalled) => Outcome::TimedOut,
            false if is(&self.stopped) => Outcome::Cancelled,
            false => Outcome::Incomplete,
        };
        let total = match transfer.direction {
            Direction::In => &mut session.bytes.0,
            Direction::Out => &mut session.bytes.1,
        };
        *total = total.saturating_add(transfer.bytes);
    }

    /// Bytes have moved.
    pub fn add(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes moved so far.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Whether the command is transferring.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// The direction of the transfer, if there is one.
    pub fn direction(&self) -> Option<Direction> {
        let direction = if self.inward.load(Ordering::Relaxed) { Direction::In } else { Direction::Out };
        self.is_running().then_some(direction)
    }

    /// Stops the transfer: ABOR.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.stop.notify_waiters();
    }

    /// The transfer moved no bytes for too long.
    pub fn stall(&self) {
        self.stalled.store(true, Ordering::Relaxed);
    }

    /// The client has closed its control connection. An open data connection continues; one that is
    /// not open yet never will be.
    pub fn leave(&self) {
        self.gone.store(true, Ordering::Release);
        self.stop.notify_waiters();
    }

    /// Returns when there is no point in waiting for a data connection.
    pub async fn given_up(&self) {
        loop {
            let notified = self.stop.notified();
            if self.gone.load(Ordering::Acquire) || self.stopped.load(Ordering::Acquire) {
                return;
            }
            notified.await;
        }
    }

    /// Returns when the transfer must stop.
    pub async fn stopped(&self) {
        loop {
            let notified = self.stop.notified();
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            notified.await;
        }
    }
}
