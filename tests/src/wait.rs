//! Waits for a condition, with a deadline: no test sleeps for a guessed time.

use std::thread;
use std::time::{Duration, Instant};

/// The time limit for everything except large transfers.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks repeatedly until there is an answer; `None` if time runs out.
pub fn until<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until `holds`.
///
/// # Panics
/// If it does not hold within [`PATIENCE`]; `what` describes the condition.
pub fn for_condition(what: &str, mut holds: impl FnMut() -> bool) {
    let held = until(PATIENCE, || holds().then_some(()));
    assert!(held.is_some(), "waited {PATIENCE:?} in vain: {what}");
}
