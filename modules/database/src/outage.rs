//! A server that is down: who may try to connect, and what the log says. While it is down one
//! caller at a time tries, after growing pauses; all others fail at once. The log has one line when
//! it goes down, one for each new reason, and one when it answers again.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gantry_api::log::{self, Level};

use crate::error::DatabaseError;

/// The pause after the first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long one line speaks for all like it.
const QUIET: Duration = Duration::from_secs(60);

/// What is known of a server.
pub(crate) struct Outage {
    /// The module that the log names.
    module: &'static str,
    /// What the log calls it.
    name: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    down: Option<Down>,
    /// When the log had its last line about something slow, and how often it was since.
    slow: Option<(Instant, u64)>,
}

struct Down {
    since: Instant,
    next: Instant,
    pause: Duration,
    reason: String,
    /// Somebody is trying to connect.
    tries: bool,
    /// The calls that failed meanwhile.
    failed: u64,
}

/// An attempt to connect. If it is dropped without a result, somebody else may try.
pub(crate) struct Attempt<'o>(&'o Outage);

impl Outage {
    /// Of a server that is believed to be up.
    pub(crate) fn new(module: &'static str, name: String) -> Self {
        Self { module, name, state: Mutex::default() }
    }

    /// Permits an attempt to connect.
    ///
    /// # Errors
    /// The server is down, and it is too early to try again.
    pub(crate) fn attempt(&self) -> Result<Attempt<'_>, DatabaseError> {
        if let Some(down) = &mut self.state().down {
            if down.tries || Instant::now() < down.next {
                down.failed += 1;
                return Err(DatabaseError::Unavailable(down.reason.clone()));
            }
            down.tries = true;
        }
        Ok(Attempt(self))
    }

    /// Says that a call took too long, once a minute.
    pub(crate) fn slow(&self, what: &str) -> DatabaseError {
        let now = Instant::now();
        let mut state = self.state();
        match &mut state.slow {
            Some((since, more)) if now.saturating_duration_since(*since) < QUIET => *more += 1,
            slow => {
                let more = slow.map_or(0, |(_, more)| more);
                *slow = Some((now, 0));
                drop(state);
                match more {
                    0 => self.say(Level::Error, format_args!("{}: {what}", self.name)),
                    more => {
                        let line = format_args!("{}: {what} (and {more} more since the last such line)", self.name);
                        self.say(Level::Error, line);
                    }
                }
            }
        }
        DatabaseError::Unavailable(format!("{}: {what}", self.name))
    }

    fn say(&self, level: Level, line: fmt::Arguments<'_>) {
        log::write(level, self.module, line);
    }

    // A panic while it is locked leaves it consistent.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// The server answers.
    pub(crate) fn succeeded(self) {
        let down = self.0.state().down.take();
        if let Some(down) = down {
            let (seconds, failed) = (down.since.elapsed().as_secs_f32(), down.failed);
            let name = &self.0.name;
            let line =
                format_args!("{name} answers again, after {seconds:.1} seconds in which {failed} requests failed");
            self.0.say(Level::Info, line);
        }
    }

    /// It does not.
    pub(crate) fn failed(self, reason: &str) -> DatabaseError {
        let now = Instant::now();
        let reason = format!("{}: {reason}", self.0.name);
        let mut state = self.0.state();
        let is_new = match &mut state.down {
            Some(down) => {
                down.pause = LONGEST_PAUSE.min(down.pause.saturating_mul(2));
                down.next = now.checked_add(down.pause).unwrap_or(now);
                down.tries = false;
                down.failed += 1;
                std::mem::replace(&mut down.reason, reason.clone()) != reason
            }
            down => {
                let next = now.checked_add(FIRST_PAUSE).unwrap_or(now);
                let reason = reason.clone();
                *down = Some(Down { since: now, next, pause: FIRST_PAUSE, reason, tries: false, failed: 1 });
                true
            }
        };
        drop(state);
        if is_new {
            self.0.say(Level::Error, format_args!("{reason}; what needs this database fails until it answers"));
        }
        DatabaseError::Unavailable(reason)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(down) = &mut self.0.state().down {
            down.tries = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_tries_while_a_server_is_down() {
        let outage = Outage::new("mod_sql_mysql", "mysql ftp@db".to_owned());
        // Several may connect to a server that is up.
        let (one, other) = (outage.attempt().unwrap(), outage.attempt().unwrap());
        let error = one.failed("connection refused");
        assert_eq!(error, DatabaseError::Unavailable("mysql ftp@db: connection refused".to_owned()));
        drop(other);
        assert_eq!(outage.attempt().err(), Some(error));
        outage.state().down.as_mut().unwrap().next = Instant::now();
        let dropped = outage.attempt().unwrap();
        assert!(outage.attempt().is_err());
        drop(dropped);
        outage.attempt().unwrap().failed("connection refused");
        assert_eq!(outage.state().down.as_ref().unwrap().pause, FIRST_PAUSE * 2);
        outage.state().down.as_mut().unwrap().next = Instant::now();
        outage.attempt().unwrap().succeeded();
        assert!(outage.attempt().is_ok() && outage.attempt().is_ok());
    }
}
