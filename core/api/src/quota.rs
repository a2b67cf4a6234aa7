//! Quotas: what a table of limits and a table of tallies hold, and the service by which a module keeps such tables.
//! mod_quotatab applies them; each kind of table is another module's.

use crate::error::Result;
use crate::guard::{Output, guarded};
use crate::ids::ServerId;

/// Whom a record concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuotaType {
    /// One user.
    User,
    /// The members of a group, together.
    Group,
    /// The clients of a `<Class>`, together.
    Class,
    /// Everybody, together.
    All,
}

impl QuotaType {
    /// All of them, in the order in which limits are looked for.
    pub const ORDER: [Self; 4] = [Self::User, Self::Group, Self::Class, Self::All];

    /// As tables and directives write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Class => "class",
            Self::All => "all",
        }
    }

    /// By its word, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ORDER.into_iter().find(|known| known.word().eq_ignore_ascii_case(word))
    }
}

/// Identifies a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QuotaSubject {
    /// Whom it concerns.
    pub kind: QuotaType,
    /// The name of the user, group or class. A limit for all may have any name.
    pub name: String,
}

/// A table, as QuotaLimitTable or QuotaTallyTable names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QuotaTable {
    /// The server in which the directive holds.
    pub server: ServerId,
    /// What follows the kind of table and the colon.
    pub info: String,
}

/// Six numbers: bytes and files, uploaded, downloaded, and both together. In a limit a number of zero or less means
/// no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuotaNumbers {
    /// Bytes uploaded: what files have grown by.
    pub bytes_in: i64,
    /// Bytes downloaded.
    pub bytes_out: i64,
    /// Bytes transferred, in either direction.
    pub bytes_xfer: i64,
    /// Files uploaded.
    pub files_in: i64,
    /// Files downloaded.
    pub files_out: i64,
    /// Files transferred, in either direction.
    pub files_xfer: i64,
}

impl QuotaNumbers {
    /// The numbers of the two, combined one by one.
    #[must_use]
    pub fn with(self, other: Self, combine: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            bytes_in: combine(self.bytes_in, other.bytes_in),
            bytes_out: combine(self.bytes_out, other.bytes_out),
            bytes_xfer: combine(self.bytes_xfer, other.bytes_xfer),
            files_in: combine(self.files_in, other.files_in),
            files_out: combine(self.files_out, other.files_out),
            files_xfer: combine(self.files_xfer, other.files_xfer),
        }
    }

    /// The sums.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, i64::saturating_add)
    }

    /// Whether all are zero.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// How strictly a limit on uploaded bytes is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaStrictness {
    /// Never exceeded.
    Hard,
    /// Exceeded by one file at most.
    Soft,
}

/// A record of a table of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaLimit {
    /// Whether each session counts for itself, from zero.
    pub per_session: bool,
    /// How strictly it is kept.
    pub strictness: QuotaStrictness,
    /// The limits; zero or less for none.
    pub most: QuotaNumbers,
}

impl Output for QuotaLimit {}

impl Output for QuotaNumbers {}

guarded! {
    /// Keeps one kind of quota table. An error of any method means that the table cannot be used at the moment: what
    /// depends on it is refused.
    pub trait QuotaSource: Send + Sync {
        /// Reads a limit. None if there is no such record. For [`QuotaType::All`] the name does not count.
        async fn limit(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaLimit>>;
        /// Reads a tally. None if there is no such record.
        async fn tally(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaNumbers>>;
        /// Adds a tally's record with zeros, unless there is one already.
        async fn create_tally(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<()>;
        /// Adds numbers to a tally, in one step that no other writer can come between. An error means that nothing
        /// was added.
        async fn add(&self, table: &QuotaTable, subject: &QuotaSubject, change: &QuotaNumbers) -> Result<()>;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_words() {
        assert_eq!(QuotaType::parse("CLASS"), Some(QuotaType::Class));
        assert_eq!(QuotaType::parse("host"), None);
    }

    #[test]
    fn numbers_add_up_one_by_one() {
        let one = QuotaNumbers { bytes_in: 3, files_xfer: -1, ..QuotaNumbers::default() };
        let sum = one.plus(QuotaNumbers { bytes_in: i64::MAX, files_out: 2, ..QuotaNumbers::default() });
        assert_eq!((sum.bytes_in, sum.files_out, sum.files_xfer), (i64::MAX, 2, -1));
        assert!(!one.is_zero() && QuotaNumbers::default().is_zero());
    }
}
