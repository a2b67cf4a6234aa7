//! Times as strftime(3) writes them, in the configured time zone.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::strtime::{BrokenDownTime, Config, PosixCustom};
use jiff::tz::TimeZone;

/// A strftime(3) format that has been tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    format: Box<str>,
    zone: TimeZone,
}

impl Pattern {
    /// Parses a format; the error says what is wrong with it.
    pub fn parse(format: &str, zone: &TimeZone) -> Result<Self, String> {
        let pattern = Self { format: format.into(), zone: zone.clone() };
        pattern.try_write(SystemTime::UNIX_EPOCH, &mut Vec::new()).map_err(|error| error.to_string())?;
        Ok(pattern)
    }

    /// The format.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// Appends a time.
    pub fn write(&self, time: SystemTime, out: &mut Vec<u8>) {
        // A format that worked once works for any time.
        let _ = self.try_write(time, out);
    }

    fn try_write(&self, time: SystemTime, out: &mut Vec<u8>) -> Result<(), jiff::Error> {
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(self.zone.clone());
        let config = Config::new().custom(PosixCustom::new());
        BrokenDownTime::from(&time).format_with_config(&config, self.format.as_bytes(), out)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn written(format: &str, zone: &TimeZone) -> String {
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_795_450_500, 12_345_678);
        let mut out = Vec::new();
        Pattern::parse(format, zone).unwrap().write(time, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(written("%Y-%m-%d %H:%M:%S %z %Z", &zone), "2026-11-23 17:15:00 +0100 CET");
        assert_eq!(written("%Y-%m-%d %H:%M:%S %z %Z", &TimeZone::UTC), "2026-11-23 16:15:00 +0000 UTC");
        assert_eq!(
            written("%c|%x|%X|%%|%s", &TimeZone::UTC),
            "Mon Nov 23 16:15:00 2026|11/23/26|16:15:00|%|1795450500"
        );
        assert_eq!(written("%3f %6f", &TimeZone::UTC), "012 012345");
    }

    #[test]
    fn a_wrong_format_is_refused() {
        assert!(Pattern::parse("%!", &TimeZone::UTC).is_err());
        assert!(Pattern::parse("%", &TimeZone::UTC).is_err());
        assert!(Pattern::parse("", &TimeZone::UTC).is_ok());
    }

    #[test]
    fn times_out_of_range_are_no_panic() {
        let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40)).unwrap();
        let mut out = Vec::new();
        Pattern::parse("%Y", &TimeZone::UTC).unwrap().write(far, &mut out);
        assert_eq!(out, b"1970");
    }
}
