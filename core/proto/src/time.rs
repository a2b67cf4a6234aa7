//! Times on the wire: `time-val` of RFC 3659 section 2.3, for MDTM, MFMT and the fact `modify`, and the civil time that
//! listings print. Always UTC. Nothing here reads a clock.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The first second of the year 1, the earliest year with four digits.
const EARLIEST: i64 = -62_135_596_800;
/// The end of the second last day of the year 9999, so that no zone's civil time goes beyond that year.
const LATEST: i64 = 253_402_207_200;

/// A text is not a valid time. The client is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTime;

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time of the form YYYYMMDDHHMMSS")
    }
}

impl std::error::Error for BadTime {}

/// Reads `YYYYMMDDHHMMSS` or `YYYYMMDDHHMMSS.sss` as seconds since 1970, dropping the fraction. A leap second counts as
/// the second before it.
///
/// # Errors
///
/// [`BadTime`] for another form, a day or hour that does not exist, or a time that [`format()`] could not write
/// again: in the year 0, or on the last day of 9999.
pub fn parse(text: &[u8]) -> Result<i64, BadTime> {
    let (whole, fraction) = match text.iter().position(|&b| b == b'.') {
        Some(at) => (text.get(..at), text.get(at + 1..)),
        None => (Some(text), None),
    };
    let whole: &[u8; 14] = whole.and_then(|w| w.try_into().ok()).ok_or(BadTime)?;
    let sound = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !sound(whole) || !fraction.is_none_or(sound) {
        return Err(BadTime);
    }
    let [y1, y2, y3, y4, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2] = whole.map(|digit| i16::from(digit - b'0'));
    let two = |tens: i16, ones: i16| (tens * 10 + ones) as i8;
    let second = two(s1, s2);
    let civil = DateTime::new(
        y1 * 1000 + y2 * 100 + y3 * 10 + y4,
        two(mo1, mo2),
        two(d1, d2),
        two(h1, h2),
        two(mi1, mi2),
        if second == 60 { 59 } else { second },
        0,
    )
    .map_err(|_| BadTime)?;
    let seconds = Offset::UTC.to_timestamp(civil).map_err(|_| BadTime)?.as_second();
    if (EARLIEST..=LATEST).contains(&seconds) { Ok(seconds) } else { Err(BadTime) }
}

/// Formats seconds since 1970 as `YYYYMMDDHHMMSS`. Times outside the years 1 to 9999, which a file system may report,
/// become the nearest time inside.
#[must_use]
pub fn format(seconds: i64) -> String {
    let t = civil(seconds);
    format!("{:04}{:02}{:02}{:02}{:02}{:02}", t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
}

/// The civil time in UTC, clamped to the years 1 to 9999.
pub(crate) fn civil(seconds: i64) -> DateTime {
    let seconds = seconds.clamp(EARLIEST, LATEST);
    let timestamp = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::UTC.to_datetime(timestamp)
}

/// Unix seconds as the Common Log Format writes them, in UTC:
/// `[23/Nov/2026:16:15:00 +0000]`.
#[must_use]
pub fn log_time(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    time.strftime("[%d/%b/%Y:%H:%M:%S +0000]").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        assert_eq!(parse(b"19700101000000"), Ok(0));
        assert_eq!(parse(b"20261123161500"), Ok(1_795_450_500));
        assert_eq!(parse(b"20261123161500.123456789012"), Ok(1_795_450_500));
        assert_eq!(parse(b"19691231235959"), Ok(-1));
        assert_eq!(parse(b"20240229000000"), Ok(1_709_164_800));
        assert_eq!(parse(b"20161231235960"), Ok(1_483_228_799));
        assert_eq!(format(1_795_450_500), "20261123161500");
        for seconds in (-4_000_000_000..8_000_000_000).step_by(86_399_777) {
            assert_eq!(parse(format(seconds).as_bytes()), Ok(seconds));
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let bad: [&[u8]; 14] = [
            b"",
            b"2026112316150",
            b"202611231615000",
            b"20261123161500.",
            b"20261123161500.1x",
            b"20261123161500 ",
            b"2026112316150x",
            b"20261323161500",
            b"20260229000000",
            b"20261123241500",
            b"20261123166000",
            b"20261123161561",
            b"00000516073853",
            b"99991231235959",
        ];
        for text in bad {
            assert_eq!(parse(text), Err(BadTime), "{text:?}");
        }
    }

    #[test]
    fn extremes_go_there_and_back() {
        for text in ["00010101000000", "99991230215959"] {
            assert_eq!(format(parse(text.as_bytes()).unwrap()), text);
        }
    }

    #[test]
    fn extremes_are_clamped() {
        assert_eq!(format(i64::MIN), "00010101000000");
        assert!(format(i64::MAX).starts_with("9999123"));
    }
}
