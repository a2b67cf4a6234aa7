//! Something that fails again and again: the log shall have a line about it, and not thousands.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts the failures of one thing, such as a database, so that its user logs few of them.
///
/// ```text
/// match answer {
///     Err(error) => match self.trouble.failed() {
///         None => log!(Debug, "{name}: {error}"),
///         Some(more) => log!(Error, "{name}: {error} ({more} more failures before)"),
///     }
///     Ok(_) => if let Some(failures) = self.trouble.worked() {
///         log!(Info, "{name} works again after {failures} failures");
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Trouble(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When something was logged about it last.
    said: Option<Instant>,
    /// The failures since then.
    unsaid: u64,
    /// The failures since it worked last.
    running: u64,
}

/// How long no other failure is logged.
const QUIET: Duration = Duration::from_secs(60);

impl Trouble {
    /// Counts a failure. Returns `None` if one was logged in the last minute, otherwise the number of failures in between
    /// that were not logged: now is the time for a line.
    pub fn failed(&self) -> Option<u64> {
        self.failed_at(Instant::now())
    }

    /// Counts a success. Returns the number of failures that are over if there were several, which was an outage.
    pub fn worked(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = std::mem::take(&mut state.running);
        if over < 2 {
            return None;
        }
        *state = State::default();
        Some(over)
    }

    fn failed_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.running = state.running.saturating_add(1);
        if state.said.is_some_and(|said| now.saturating_duration_since(said) < QUIET) {
            state.unsaid = state.unsaid.saturating_add(1);
            return None;
        }
        state.said = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_a_minute_and_its_end_is_too() {
        let (trouble, begin) = (Trouble::default(), Instant::now());
        let after = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(trouble.worked(), None);
        assert_eq!(trouble.failed_at(begin), Some(0));
        assert_eq!(trouble.failed_at(after(1)), None);
        assert_eq!(trouble.failed_at(after(59)), None);
        assert_eq!(trouble.failed_at(after(61)), Some(2));
        assert_eq!(trouble.worked(), Some(4));
        assert_eq!(trouble.failed_at(after(62)), Some(0));
        // One success in between does not make the next failure news.
        assert_eq!(trouble.worked(), None);
        assert_eq!(trouble.failed_at(after(63)), None);
        assert_eq!(trouble.worked(), None);
    }
}
