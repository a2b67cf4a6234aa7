//! Times and sizes for people.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A length of time in whole seconds: `30`, `30s`, `5m`, `2h`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u64);

/// The error for a text that is not a length of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is a number of seconds, or a number followed by s, m, h or d, such as 90s or 5m")]
pub struct NoSpan;

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        let (number, unit) = match text.as_bytes().last() {
            Some(b's') => (&text[..text.len() - 1], 1),
            Some(b'm') => (&text[..text.len() - 1], 60),
            Some(b'h') => (&text[..text.len() - 1], 3600),
            Some(b'd') => (&text[..text.len() - 1], 86400),
            _ => (text, 1),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoSpan);
        }
        number.parse().ok().and_then(|number: u64| number.checked_mul(unit)).map(Self).ok_or(NoSpan)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, minutes, hours, days) = (self.0 % 60, self.0 / 60 % 60, self.0 / 3600 % 24, self.0 / 86400);
        match self.0 {
            0..60 => write!(out, "{seconds}s"),
            60..3600 => write!(out, "{minutes}m{seconds:02}s"),
            3600..86400 => write!(out, "{hours}h{minutes:02}m"),
            _ => write!(out, "{days}d{hours:02}h"),
        }
    }
}

/// The time now, in unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// How long ago a moment was; 0 if the clock has been set back since.
pub fn ago(moment: i64, now: i64) -> Span {
    Span(u64::try_from(now.saturating_sub(moment)).unwrap_or(0))
}

/// How long the daemon has been up, in the words of ftpwho and ftptop.
pub fn uptime(Span(seconds): Span) -> String {
    let (minutes, hours, days) = (seconds / 60 % 60, seconds / 3600 % 24, seconds / 86400);
    let day = match days {
        0 => String::new(),
        1 => "1 day, ".to_owned(),
        days => format!("{days} days, "),
    };
    match hours {
        0 => format!("{day}{minutes} min"),
        1 => format!("{day}{hours:2} hr {minutes:02} min"),
        _ => format!("{day}{hours:2} hrs {minutes:02} min"),
    }
}

/// A moment in local time, in a format of strftime.
pub fn local(moment: i64, format: &str) -> String {
    let found = Timestamp::from_second(moment).ok();
    let shown = found.map(|moment| moment.to_zoned_datetime(TimeZone::system()).strftime(format).to_string());
    shown.unwrap_or_else(|| moment.to_string())
}

/// A number of bytes in a suitable unit.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, 0);
    // 1023.95 would be shown as 1024.0.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_unit() {
        for (text, seconds) in [("30", 30), ("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400), ("0", 0)] {
            assert_eq!(text.parse(), Ok(Span(seconds)));
        }
        for text in ["", "s", "-1", "+1", "1.5", "5 m", "5x", "99999999999999999999", "9999999999999999999d", "5é"] {
            assert_eq!(text.parse::<Span>(), Err(NoSpan), "{text}");
        }
    }

    #[test]
    fn two_units_are_enough_for_people() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (60, "1m00s"), (3599, "59m59s"), (3600, "1h00m"), (90000, "1d01h")]
        {
            assert_eq!(Span(seconds).to_string(), text);
        }
        assert_eq!(ago(100, 90), Span(0));
        assert_eq!(ago(90, 100), Span(10));
    }

    #[test]
    fn uptimes_are_told_in_ftpwhos_words() {
        for (seconds, words) in [
            (59, "0 min"),
            (3599, "59 min"),
            (3660, " 1 hr 01 min"),
            (7300, " 2 hrs 01 min"),
            (86400, "1 day, 0 min"),
            (90000, "1 day,  1 hr 00 min"),
            (266400, "3 days,  2 hrs 00 min"),
        ] {
            assert_eq!(uptime(Span(seconds)), words);
        }
    }

    #[test]
    fn sizes_have_their_unit() {
        let shown = [0, 1023, 1024, 1536, 1024 * 1024 - 1, 50_000_000, u64::MAX].map(size);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "47.7 MiB", "16.0 EiB"]);
    }

    #[test]
    fn a_moment_that_is_none_is_shown_as_its_number() {
        assert_eq!(local(i64::MAX, "%Y"), i64::MAX.to_string());
        assert_eq!(local(1_700_000_000, "%Y"), "2023");
    }
}
