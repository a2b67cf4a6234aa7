//! TimesGMT: the time zone of listings.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time zone.
#[derive(Debug, Clone)]
pub(crate) enum Zone {
    /// GMT.
    Gmt,
    /// The host's.
    Local(TimeZone),
}

impl Zone {
    /// The host's time zone.
    pub(crate) fn local() -> Self {
        Self::Local(TimeZone::system())
    }

    /// Unix seconds plus the zone's offset at that time, for listings.
    pub(crate) fn shown(&self, seconds: i64) -> i64 {
        match self {
            Self::Gmt => seconds,
            Self::Local(zone) => {
                let Ok(time) = Timestamp::from_second(seconds) else { return seconds };
                seconds.saturating_add(i64::from(zone.to_offset(time).seconds()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_of_that_time_counts() {
        let zone = Zone::Local(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        assert_eq!(zone.shown(1_795_450_500), 1_795_450_500 + 3600);
        assert_eq!(zone.shown(1_782_000_000), 1_782_000_000 + 7200);
        assert_eq!(zone.shown(i64::MAX), i64::MAX);
        assert_eq!(Zone::Gmt.shown(7), 7);
    }
}
