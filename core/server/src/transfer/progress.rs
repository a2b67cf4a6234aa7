//! What the session's loop and the data connection of its command share: how
//! far a transfer is, and whether it shall stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// One for a session, used by one transfer at a time.
#[derive(Default)]
pub struct Progress {
    moved: AtomicU64,
    running: AtomicBool,
    stopped: AtomicBool,
    gone: AtomicBool,
    stop: Notify,
}

impl Progress {
    /// A command begins: nothing has moved, nothing is to be stopped.
    pub fn reset(&self) {
        self.moved.store(0, Ordering::Relaxed);
        self.running.store(false, Ordering::Relaxed);
        self.stopped.store(false, Ordering::Relaxed);
    }

    /// A transfer begins.
    pub fn begin(&self) {
        self.running.store(true, Ordering::Relaxed);
    }

    /// Bytes have moved.
    pub fn add(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes moved so far.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Whether a transfer is under way.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Stops the transfer: ABOR.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.stop.notify_waiters();
    }

    /// The client has closed its control connection: a data connection that
    /// is open carries on, one that is not will never be.
    pub fn leave(&self) {
        self.gone.store(true, Ordering::Release);
        self.stop.notify_waiters();
    }

    /// Returns when there is no use in waiting for a data connection.
    pub async fn given_up(&self) {
        loop {
            let notified = self.stop.notified();
            if self.gone.load(Ordering::Acquire) || self.stopped.load(Ordering::Acquire) {
                return;
            }
            notified.await;
        }
    }

    /// Returns when the transfer is to stop.
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
