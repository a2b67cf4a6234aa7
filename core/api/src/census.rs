//! Counts that go beyond one session: how many sessions a user, host or class has, how often an
//! event happened, and which keys are barred and until when. The server implements this. Counts
//! outlive generations; a session's claims end with the session.
//!
//! Modules choose the keys. A key begins with the name of the module or of its directive, so that
//! two modules do not use the same one by accident.

use std::time::{Duration, SystemTime};

/// The result of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The session got a place. The number of places now taken, including this one.
    Granted(u64),
    /// All places are taken; their number. Nothing was claimed.
    Full(u64),
}

impl Claim {
    /// Whether the session got a place.
    pub fn is_granted(self) -> bool {
        matches!(self, Self::Granted(_))
    }
}

/// One session's view of the daemon's counts. Checking and counting are one step, so a limit is
/// exact no matter how many sessions claim at once.
pub trait Census: Send + Sync {
    /// Takes a place under `key` for this session if fewer than `most` are taken. Claims with the
    /// same `member` share a place: pass the client's address as the member to count the hosts of a
    /// user. A claim without a member takes a place of its own.
    fn claim(&mut self, key: &str, member: Option<&str>, most: Option<u64>) -> Claim;
    /// Releases the newest place that this session has under `key`.
    fn release(&mut self, key: &str);
    /// How many places are taken under `key`.
    fn count(&self, key: &str) -> u64;
    /// Records an event, and returns how often it happened within the given time up to now,
    /// including this one.
    fn tally(&self, key: &str, within: Duration) -> u64;
    /// Marks `key` until a time; [`SystemTime::UNIX_EPOCH`] takes the mark off.
    fn mark(&self, key: &str, until: SystemTime);
    /// Whether `key` is marked.
    fn is_marked(&self, key: &str) -> bool;
}
