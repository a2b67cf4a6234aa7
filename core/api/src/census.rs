//! What the daemon counts beyond one session: how many are here of a user, a
//! host, a class; how often something happened; who is barred, and until when. The
//! server implements it. It outlives generations; a session's claims end with the
//! session.
//!
//! Keys are the modules' own; each begins with the module's name or its
//! directive's, so that two never meet by accident.

use std::time::{Duration, SystemTime};

/// What came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The session has a place; how many places are taken now, this one included.
    Granted(u64),
    /// All places are taken; how many that are. Nothing was claimed.
    Full(u64),
}

impl Claim {
    /// Whether the session has a place.
    pub fn is_granted(self) -> bool {
        matches!(self, Self::Granted(_))
    }
}

/// One session's view of the daemon's counts. Judging and counting are one step,
/// so that a limit holds exactly however many sessions claim at once.
pub trait Census: Send + Sync {
    /// Takes a place under `key` for this session, if fewer than `most` are taken.
    /// Claims of one `member` share a place: with the client's address as the
    /// member, the hosts of a user are counted. Without a member each claim is a
    /// place of its own.
    fn claim(&mut self, key: &str, member: Option<&str>, most: Option<u64>) -> Claim;
    /// Gives back the newest place that this session has under `key`.
    fn release(&mut self, key: &str);
    /// How many places are taken under `key`.
    fn count(&self, key: &str) -> u64;
    /// Notes that something happened; how often it did within the time that ends
    /// now, this time included.
    fn tally(&self, key: &str, within: Duration) -> u64;
    /// Marks `key` until a time; [`SystemTime::UNIX_EPOCH`] takes the mark off.
    fn mark(&self, key: &str, until: SystemTime);
    /// Whether `key` is marked.
    fn is_marked(&self, key: &str) -> bool;
}
