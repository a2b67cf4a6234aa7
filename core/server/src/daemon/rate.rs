//! MaxConnectionRate: how many connections are accepted per interval. It is checked before anything
//! is created for a client, so that a flood is cheap.

use std::time::{Duration, Instant};

use gantry_api::log::Level;

use crate::log::say;

/// The connections of the current interval, which starts with the first of them.
#[derive(Debug, Default)]
pub struct Rate {
    began: Option<Instant>,
    taken: u64,
    closed: u64,
}

impl Rate {
    /// Whether one more is accepted, with at most `most` in this many seconds.
    pub fn takes(&mut self, now: Instant, most: u64, seconds: u64) -> bool {
        let interval = Duration::from_secs(seconds);
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= interval) {
            if self.closed > 1 {
                say(Level::Warn, format_args!("MaxConnectionRate: {} connections were closed", self.closed));
            }
            *self = Self { began: Some(now), taken: 0, closed: 0 };
        }
        if self.taken < most {
            self.taken += 1;
            return true;
        }
        self.closed = self.closed.saturating_add(1);
        if self.closed == 1 {
            say(
                Level::Warn,
                format_args!("MaxConnectionRate ({most} in {seconds} s) reached: closing new connections"),
            );
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_taken_in_an_interval() {
        let (mut rate, now) = (Rate::default(), Instant::now());
        let taken = |rate: &mut Rate, now| (0..5).filter(|_| rate.takes(now, 2, 3)).count();
        assert_eq!(taken(&mut rate, now), 2);
        assert_eq!(taken(&mut rate, now + Duration::from_millis(2999)), 0);
        assert_eq!(taken(&mut rate, now + Duration::from_secs(3)), 2);
        assert_eq!(taken(&mut rate, now), 0, "a clock that goes backwards changes nothing");
    }
}
