//! Log lines that clients can cause as often as they like: one per minute is written, with the
//! number of those left out.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gantry_api::log::Level;

use crate::log::say;

/// The time between two lines of a kind.
const INTERVAL: Duration = Duration::from_secs(60);

/// One kind of line.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    since: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    /// Writes the line if none of its kind was written in the last minute.
    pub fn say(&self, level: Level, line: fmt::Arguments<'_>) {
        match self.unsaid(Instant::now()) {
            Some(0) => say(level, line),
            Some(unsaid) => say(level, format_args!("{line} (and {unsaid} more such lines since the last one)")),
            None => {}
        }
    }

    /// How many lines were left out before this one; `None` if this one is left out, too.
    fn unsaid(&self, now: Instant) -> Option<u64> {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if count.since.is_some_and(|since| now.saturating_duration_since(since) < INTERVAL) {
            count.unsaid = count.unsaid.saturating_add(1);
            return None;
        }
        count.since = Some(now);
        Some(std::mem::take(&mut count.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_speaks_for_all() {
        let (seldom, now) = (Seldom::default(), Instant::now());
        let said = |second| seldom.unsaid(now + Duration::from_secs(second));
        assert_eq!(said(0), Some(0));
        assert_eq!((said(0), said(59)), (None, None));
        assert_eq!((said(60), said(61)), (Some(2), None));
    }
}
