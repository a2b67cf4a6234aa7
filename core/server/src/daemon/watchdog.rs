//! Notices that the sessions' threads no longer run anything. It needs its own thread, because
//! tokio's threads would be stuck, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{io, thread};

use gantry_api::log::Level;

use crate::log::say;

/// How often the runtime ticks.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks may be missing before it is reported.
const PATIENCE: u32 = 5;

/// Starts ticking on the current runtime, and the thread that watches.
///
/// # Errors
/// The system gives no thread.
pub fn start() -> io::Result<()> {
    let ticks = Arc::new(AtomicU64::new(0));
    let seen = Arc::downgrade(&ticks);
    thread::Builder::new().name("gantryd watch".to_owned()).spawn(move || {
        let mut watch = Watch::default();
        loop {
            thread::sleep(TICK);
            // The runtime has ended.
            let Some(ticks) = seen.upgrade() else { return };
            match watch.look(ticks.load(Ordering::Relaxed)) {
                Some(Finding::Stands) => say(
                    Level::Error,
                    format_args!("no session has been served for {} seconds: the daemon's threads are stuck", PATIENCE),
                ),
                Some(Finding::Runs(seconds)) => {
                    say(Level::Warn, format_args!("sessions are served again, after {seconds} seconds"));
                }
                None => {}
            }
        }
    })?;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK / 2).await;
            ticks.fetch_add(1, Ordering::Relaxed);
        }
    });
    Ok(())
}

/// What the thread has found.
#[derive(Debug, Default)]
struct Watch {
    last: u64,
    missing: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// The ticks have stopped.
    Stands,
    /// The ticks are back, after this many seconds.
    Runs(u32),
}

impl Watch {
    /// Checks once a second; returns what to report.
    fn look(&mut self, ticks: u64) -> Option<Finding> {
        let missing = self.missing;
        self.missing = if ticks == self.last { missing.saturating_add(1) } else { 0 };
        self.last = ticks;
        match (missing, self.missing) {
            (_, PATIENCE) => Some(Finding::Stands),
            (PATIENCE.., 0) => Some(Finding::Runs(missing)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_that_stands_is_told_once_and_that_it_runs_again() {
        let mut watch = Watch::default();
        let told: Vec<_> = [1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 4, 5].into_iter().map(|ticks| watch.look(ticks)).collect();
        let said: Vec<_> = told.iter().enumerate().filter_map(|(at, found)| Some((at, found.as_ref()?))).collect();
        assert_eq!(said, [(6, &Finding::Stands), (8, &Finding::Runs(6))]);
    }
}
