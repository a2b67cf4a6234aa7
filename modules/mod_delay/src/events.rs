//! DelayOnEvent: fixed delays.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use gantry_api::{ParseError, Value, parse};
use serde::Deserialize;

/// What to delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub(crate) enum Event {
    /// The greeting.
    Connect,
    /// The reply to a PASS that failed.
    FailedLogin,
    /// The reply to PASS.
    #[serde(rename = "PASS")]
    Pass,
    /// The reply to USER.
    #[serde(rename = "USER")]
    User,
}

/// One line.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Line {
    pub(crate) event: Event,
    pub(crate) range: Range,
}

/// A shortest and a longest delay, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Range(u64, u64);

impl Range {
    /// A delay from the range.
    pub(crate) fn pick(self) -> Duration {
        let spread = self.1.saturating_sub(self.0);
        // The random state of hash maps, which nobody can predict.
        let random = RandomState::new().build_hasher().finish();
        Duration::from_millis(self.0.saturating_add(random.checked_rem(spread.saturating_add(1)).unwrap_or(0)))
    }
}

/// The longest delay, in milliseconds.
const LONGEST: i64 = 600_000;

/// Parses `event delay`.
pub(crate) fn line(words: &[&str]) -> Result<Value, ParseError> {
    let [event, delay] = words else { return Err("wrong number of parameters".into()) };
    let events = ["Connect", "FailedLogin", "PASS", "USER"];
    let event = events.into_iter().find(|name| name.eq_ignore_ascii_case(event));
    let event = event.ok_or_else(|| format!("unknown event '{}'", words.first().unwrap_or(&"")))?;
    let (least, most) = match delay.split_once('-') {
        Some(_) if event != "Connect" => return Err("only Connect takes a range of delays".into()),
        // The unit applies to both numbers.
        Some((least, most)) if least.bytes().all(|byte| byte.is_ascii_digit()) => {
            let unit = most.trim_start_matches(|letter: char| letter.is_ascii_digit());
            (milliseconds(&format!("{least}{unit}"))?, milliseconds(most)?)
        }
        Some((least, most)) => (milliseconds(least)?, milliseconds(most)?),
        None => (milliseconds(delay)?, milliseconds(delay)?),
    };
    if least > most {
        return Err(format!("'{delay}': the shortest delay comes first").into());
    }
    let range = Value::List(vec![Value::Int(least), Value::Int(most)]);
    Ok(Value::map([("event", Value::from(event)), ("range", range)]))
}

fn milliseconds(text: &str) -> Result<i64, ParseError> {
    let fail = || format!("'{text}' is not a delay: use milliseconds, or a number with ms, s or sec");
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "ms" => 1,
        "s" | "sec" => 1000,
        _ => return Err(fail().into()),
    };
    let delay = parse::whole(digits).map_err(|_| fail())?.checked_mul(factor).ok_or_else(fail)?;
    if delay > LONGEST { Err(format!("'{text}' is longer than {LONGEST} milliseconds").into()) } else { Ok(delay) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> (Event, Range) {
        let line: Line = line(words).unwrap().extract().unwrap();
        (line.event, line.range)
    }

    #[test]
    fn delays_have_units_and_ranges() {
        assert_eq!(read(&["PASS", "2000ms"]), (Event::Pass, Range(2000, 2000)));
        assert_eq!(read(&["failedlogin", "5s"]), (Event::FailedLogin, Range(5000, 5000)));
        assert_eq!(read(&["Connect", "100-3000ms"]), (Event::Connect, Range(100, 3000)));
        assert_eq!(read(&["Connect", "1-3s"]), (Event::Connect, Range(1000, 3000)));
        assert_eq!(read(&["USER", "7"]), (Event::User, Range(7, 7)));
        for _ in 0..100 {
            let picked = Range(3, 5).pick().as_millis();
            assert!((3..=5).contains(&picked), "{picked}");
        }
        for wrong in [
            &["PASS"][..],
            &["QUIT", "5"],
            &["PASS", "1-2"],
            &["Connect", "9-2"],
            &["PASS", "x"],
            &["PASS", "5h"],
            &["USER", "9999s"],
        ] {
            assert!(line(wrong).is_err(), "{wrong:?}");
        }
    }
}
