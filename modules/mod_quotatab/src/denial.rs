//! Whether a tally has reached its limit, and the words for that.

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers};

use crate::units::Units;

/// One of the six numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    BytesIn,
    BytesOut,
    BytesXfer,
    FilesIn,
    FilesOut,
    FilesXfer,
}

/// The numbers that a command adds to, in the order in which they are judged.
pub(crate) fn columns(verb: Verb, directories: bool) -> &'static [Column] {
    use Column::{BytesIn, BytesOut, BytesXfer, FilesIn, FilesOut, FilesXfer};
    match verb {
        Verb::STOR | Verb::STOU => &[BytesIn, BytesXfer, FilesIn, FilesXfer],
        Verb::APPE => &[BytesIn, BytesXfer],
        Verb::RETR => &[BytesOut, BytesXfer, FilesOut, FilesXfer],
        Verb::MKD | Verb::XMKD if directories => &[BytesIn, FilesIn],
        _ => &[],
    }
}

impl Column {
    fn of(self, numbers: &QuotaNumbers) -> i64 {
        match self {
            Self::BytesIn => numbers.bytes_in,
            Self::BytesOut => numbers.bytes_out,
            Self::BytesXfer => numbers.bytes_xfer,
            Self::FilesIn => numbers.files_in,
            Self::FilesOut => numbers.files_out,
            Self::FilesXfer => numbers.files_xfer,
        }
    }

    /// The limit; zero or less for none.
    pub(crate) fn most(self, limit: &QuotaLimit) -> i64 {
        self.of(&limit.most)
    }

    /// Whether it counts files.
    pub(crate) fn is_of_files(self) -> bool {
        matches!(self, Self::FilesIn | Self::FilesOut | Self::FilesXfer)
    }

    fn way(self) -> &'static str {
        match self {
            Self::BytesIn | Self::FilesIn => "upload",
            Self::BytesOut | Self::FilesOut => "download",
            Self::BytesXfer | Self::FilesXfer => "transfer",
        }
    }

    /// Whether the limit is reached.
    pub(crate) fn is_reached(self, limit: &QuotaLimit, used: &QuotaNumbers) -> bool {
        let most = self.most(limit);
        most > 0 && self.of(used) >= most
    }

    /// `used 1000.00 of 1000.00 upload bytes`, in ProFTPD's words.
    pub(crate) fn words(self, limit: &QuotaLimit, used: &QuotaNumbers, units: Units) -> String {
        let (used, most, way) = (self.of(used), self.of(&limit.most), self.way());
        match self.is_of_files() {
            true => format!("used {used} of {most} {way} files"),
            false => format!("used {} of {} {way} {}", units.show(used), units.show(most), units.name()),
        }
    }

    /// The same where the limit cut a transfer: all of it was used.
    pub(crate) fn words_at_limit(self, limit: &QuotaLimit, units: Units) -> String {
        self.words(limit, &limit.most, units)
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::quota::QuotaStrictness;

    use super::*;

    #[test]
    fn limits_are_reached_and_told_in_proftpds_words() {
        let most = QuotaNumbers { bytes_in: 1000, files_xfer: 4, ..QuotaNumbers::default() };
        let limit = QuotaLimit { per_session: false, strictness: QuotaStrictness::Hard, most };
        let used = QuotaNumbers { bytes_in: 1000, bytes_out: 7, files_xfer: 3, ..QuotaNumbers::default() };
        assert!(Column::BytesIn.is_reached(&limit, &used));
        assert!(!Column::BytesOut.is_reached(&limit, &used) && !Column::FilesXfer.is_reached(&limit, &used));
        assert_eq!(Column::BytesIn.words(&limit, &used, Units::Bytes), "used 1000.00 of 1000.00 upload bytes");
        assert_eq!(Column::BytesIn.words(&limit, &used, Units::Kilo), "used 0.98 of 0.98 upload Kb");
        assert_eq!(Column::FilesXfer.words(&limit, &used, Units::Kilo), "used 3 of 4 transfer files");
    }
}
