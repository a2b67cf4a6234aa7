//! The recent durations of USER and PASS, for each server.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::events::Event;

/// How many durations to keep for one server and command.
const KEPT: usize = 256;
/// The maximum number of servers and commands; beyond that nothing is learned.
const MOST: usize = 4096;

/// A server, and one of the two commands.
pub(crate) type Key = (Arc<str>, Event);

/// The times.
#[derive(Debug, Default)]
pub(crate) struct Times(Mutex<HashMap<Key, VecDeque<Duration>>>);

impl Times {
    /// Adds a duration; returns the median of the previous ones, if there are any.
    pub(crate) fn note(&self, key: Key, took: Duration) -> Option<Duration> {
        let mut all = self.all();
        if all.len() >= MOST && !all.contains_key(&key) {
            return None;
        }
        let times = all.entry(key).or_default();
        let usual = median(times);
        if times.len() >= KEPT {
            times.pop_front();
        }
        times.push_back(took);
        usual
    }

    /// A line for each server and command.
    pub(crate) fn shown(&self) -> Vec<String> {
        let all = self.all();
        let line = |((server, event), times): (&Key, &VecDeque<Duration>)| {
            let median = median(times).unwrap_or_default();
            format!("{server} {event:?}: {} times, {} us median", times.len(), median.as_micros())
        };
        let mut lines: Vec<String> = all.iter().map(line).collect();
        lines.sort();
        lines
    }

    /// Forgets all times.
    pub(crate) fn clear(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<Duration>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn median(times: &VecDeque<Duration>) -> Option<Duration> {
    let mut sorted: Vec<Duration> = times.iter().copied().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_the_median_of_each_server_and_command() {
        let times = Times::default();
        let key = |event| (Arc::from("main"), event);
        assert_eq!(times.note(key(Event::Pass), Duration::from_millis(9)), None);
        for took in [1, 5, 5, 5] {
            times.note(key(Event::Pass), Duration::from_millis(took));
        }
        assert_eq!(times.note(key(Event::Pass), Duration::ZERO), Some(Duration::from_millis(5)));
        assert_eq!(times.note(key(Event::User), Duration::ZERO), None);
        assert_eq!(times.shown(), ["main Pass: 6 times, 5000 us median", "main User: 1 times, 0 us median"]);
        for _ in 0..2 * KEPT {
            times.note(key(Event::Pass), Duration::ZERO);
        }
        assert_eq!(times.note(key(Event::Pass), Duration::ZERO), Some(Duration::ZERO));
        times.clear();
        assert!(times.shown().is_empty());
    }
}
