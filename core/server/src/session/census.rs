//! The daemon's census: counts by key, in shards with one lock each, so that sessions rarely wait
//! for the same lock. A key without claims, events or mark uses no memory.

use std::collections::hash_map::{HashMap, RandomState};
use std::collections::{BTreeMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use gantry_api::census::{Census, Claim};

/// The number of shards: more than most machines have processors.
const SHARDS: usize = 64;
/// The most keys of a shard that have only events or a mark. Clients choose some of these keys
/// (addresses, user names), so their number must be limited.
const MOST_LOOSE: usize = 4096;
/// How often to remove expired keys from a full shard. Clients can fill one, so this must not
/// happen for each event.
const SWEEP: Duration = Duration::from_secs(1);
/// The most events that a key remembers. A higher limit cannot be checked: every further event
/// counts as one too many.
const MOST_EVENTS: usize = 4096;

/// The counts of the whole process.
pub struct DaemonCensus {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// The keys of one shard.
#[derive(Default)]
struct Shard {
    keys: HashMap<Box<str>, Entry>,
    /// How many keys have been made without a claim since the last removal of expired keys, plus
    /// those that were left then.
    loose: usize,
    /// When expired keys were last removed.
    swept: Option<Instant>,
}

/// The counts of one key.
#[derive(Default)]
struct Entry {
    /// Places without a member.
    places: u64,
    /// How many claims each member has.
    members: BTreeMap<Box<str>, u64>,
    /// The times of the events, oldest first.
    events: VecDeque<Instant>,
    /// How long events count, from the latest call.
    within: Duration,
    marked: Option<SystemTime>,
}

impl Entry {
    fn count(&self) -> u64 {
        self.places + self.members.len() as u64
    }

    fn is_claimed(&self) -> bool {
        self.places > 0 || !self.members.is_empty()
    }

    /// Drops expired events and marks; returns whether nothing is left.
    fn has_passed(&mut self, now: Instant, clock: SystemTime) -> bool {
        let within = self.within;
        while self.events.front().is_some_and(|event| now.duration_since(*event) >= within) {
            self.events.pop_front();
        }
        self.marked = self.marked.filter(|until| *until > clock);
        !self.is_claimed() && self.events.is_empty() && self.marked.is_none()
    }

    fn release(&mut self, member: Option<&str>) {
        let Some(member) = member else {
            self.places = self.places.saturating_sub(1);
            return;
        };
        if let Some(claims) = self.members.get_mut(member) {
            *claims = claims.saturating_sub(1);
            if *claims == 0 {
                self.members.remove(member);
            }
        }
    }
}

impl Default for DaemonCensus {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl DaemonCensus {
    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        let at = self.hasher.hash_one(key) as usize % SHARDS;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many places of a key are taken.
    pub fn count(&self, key: &str) -> u64 {
        self.shard(key).keys.get(key).map_or(0, Entry::count)
    }

    /// Adds an event; returns how many there were within the time that ends now.
    pub fn tally(&self, key: &str, within: Duration) -> u64 {
        let now = Instant::now();
        let mut shard = self.shard(key);
        let Some(entry) = shard.loose(key, now) else { return u64::MAX };
        entry.within = within;
        entry.has_passed(now, SystemTime::now());
        if entry.events.len() >= MOST_EVENTS {
            return u64::MAX;
        }
        entry.events.push_back(now);
        entry.events.len() as u64
    }

    fn claim(&self, key: &str, member: Option<&str>, most: Option<u64>) -> Claim {
        let mut shard = self.shard(key);
        let entry = shard.keys.entry(key.into()).or_default();
        let count = entry.count();
        let shares = member.is_some_and(|member| entry.members.contains_key(member));
        if !shares && most.is_some_and(|most| count >= most) {
            if !entry.is_claimed() && entry.events.is_empty() && entry.marked.is_none() {
                shard.keys.remove(key);
            }
            return Claim::Full(count);
        }
        match member {
            Some(member) => *entry.members.entry(member.into()).or_default() += 1,
            None => entry.places += 1,
        }
        Claim::Granted(entry.count())
    }

    fn release(&self, key: &str, member: Option<&str>) {
        let mut shard = self.shard(key);
        let Some(entry) = shard.keys.get_mut(key) else { return };
        entry.release(member);
        if entry.has_passed(Instant::now(), SystemTime::now()) {
            shard.keys.remove(key);
        }
    }

    fn mark(&self, key: &str, until: SystemTime) {
        let now = Instant::now();
        let mut shard = self.shard(key);
        if until <= SystemTime::now() {
            if let Some(entry) = shard.keys.get_mut(key) {
                entry.marked = None;
                if entry.has_passed(now, SystemTime::now()) {
                    shard.keys.remove(key);
                }
            }
            return;
        }
        // A mark keeps somebody out, so it may replace events.
        if shard.loose(key, now).is_none() {
            shard.keys.retain(|_, entry| entry.is_claimed() || entry.marked.is_some());
            shard.sweep(now);
        }
        shard.keys.entry(key.into()).or_default().marked = Some(until);
    }

    fn is_marked(&self, key: &str) -> bool {
        let shard = self.shard(key);
        shard.keys.get(key).and_then(|entry| entry.marked).is_some_and(|until| until > SystemTime::now())
    }
}

impl Shard {
    /// The entry of a key that needs no claims; `None` if the shard is full even after removing
    /// expired keys.
    fn loose(&mut self, key: &str, now: Instant) -> Option<&mut Entry> {
        if !self.keys.contains_key(key) {
            if self.loose >= MOST_LOOSE && self.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP) {
                self.sweep(now);
            }
            if self.loose >= MOST_LOOSE {
                return None;
            }
            self.loose += 1;
        }
        Some(self.keys.entry(key.into()).or_default())
    }

    fn sweep(&mut self, now: Instant) {
        let clock = SystemTime::now();
        self.keys.retain(|_, entry| !entry.has_passed(now, clock));
        self.loose = self.keys.values().filter(|entry| !entry.is_claimed()).count();
        self.swept = Some(now);
    }
}

/// One session's claims. Dropping it ends them.
pub struct SessionCensus {
    daemon: Arc<DaemonCensus>,
    claims: Vec<(Box<str>, Option<Box<str>>)>,
}

impl SessionCensus {
    /// For a session without claims.
    pub fn new(daemon: Arc<DaemonCensus>) -> Self {
        Self { daemon, claims: Vec::new() }
    }
}

impl Census for SessionCensus {
    fn claim(&mut self, key: &str, member: Option<&str>, most: Option<u64>) -> Claim {
        let claim = self.daemon.claim(key, member, most);
        if claim.is_granted() {
            self.claims.push((key.into(), member.map(Into::into)));
        }
        claim
    }

    fn release(&mut self, key: &str) {
        let Some(at) = self.claims.iter().rposition(|(held, _)| &**held == key) else { return };
        let (key, member) = self.claims.remove(at);
        self.daemon.release(&key, member.as_deref());
    }

    fn count(&self, key: &str) -> u64 {
        self.daemon.count(key)
    }

    fn tally(&self, key: &str, within: Duration) -> u64 {
        self.daemon.tally(key, within)
    }

    fn mark(&self, key: &str, until: SystemTime) {
        self.daemon.mark(key, until);
    }

    fn is_marked(&self, key: &str) -> bool {
        self.daemon.is_marked(key)
    }
}

impl Drop for SessionCensus {
    fn drop(&mut self) {
        for (key, member) in self.claims.drain(..) {
            self.daemon.release(&key, member.as_deref());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    fn keys(daemon: &DaemonCensus) -> usize {
        daemon.shards.iter().map(|shard| shard.lock().unwrap().keys.len()).sum()
    }

    #[test]
    fn a_limit_holds_exactly_however_many_claim_at_once() {
        const THREADS: usize = 16;
        const EACH: usize = 64;
        let daemon = Arc::new(DaemonCensus::default());
        let start = Barrier::new(THREADS);
        let granted: usize = thread::scope(|scope| {
            let claim = || {
                start.wait();
                let mut sessions: Vec<_> = (0..EACH).map(|_| SessionCensus::new(daemon.clone())).collect();
                let granted =
                    sessions.iter_mut().filter_map(|one| one.claim("k", None, Some(100)).is_granted().then_some(()));
                let granted = granted.count();
                start.wait();
                granted
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(claim)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(granted, 100);
        assert_eq!(daemon.count("k"), 0, "all sessions have ended");
        assert_eq!(keys(&daemon), 0);
    }

    #[test]
    fn members_share_a_place() {
        let daemon = Arc::new(DaemonCensus::default());
        let session = || SessionCensus::new(daemon.clone());
        let (mut one, mut two, mut three) = (session(), session(), session());
        assert_eq!(one.claim("hosts:ann", Some("192.0.2.1"), Some(1)), Claim::Granted(1));
        assert_eq!(two.claim("hosts:ann", Some("192.0.2.1"), Some(1)), Claim::Granted(1));
        assert_eq!(three.claim("hosts:ann", Some("192.0.2.2"), Some(1)), Claim::Full(1));
        drop(one);
        assert_eq!(three.claim("hosts:ann", Some("192.0.2.2"), Some(1)), Claim::Full(1));
        two.release("hosts:ann");
        assert_eq!(three.claim("hosts:ann", Some("192.0.2.2"), Some(1)), Claim::Granted(1));
    }

    #[test]
    fn a_refused_claim_leaves_nothing() {
        let daemon = Arc::new(DaemonCensus::default());
        let mut session = SessionCensus::new(daemon.clone());
        assert_eq!(session.claim("k", None, Some(0)), Claim::Full(0));
        session.release("k");
        assert_eq!((daemon.count("k"), keys(&daemon)), (0, 0));
    }

    #[test]
    fn events_count_while_they_are_recent_and_marks_hold_until_their_time() {
        let daemon = Arc::new(DaemonCensus::default());
        let session = SessionCensus::new(daemon.clone());
        let long = Duration::from_secs(3600);
        assert_eq!((session.tally("k", long), session.tally("k", long)), (1, 2));
        assert_eq!(session.tally("k", Duration::ZERO), 1, "what happened before is too long ago");
        session.mark("m", SystemTime::now() + long);
        assert!(session.is_marked("m"));
        session.mark("m", SystemTime::UNIX_EPOCH);
        assert!(!session.is_marked("m"));
    }

    #[test]
    fn strangers_cannot_fill_the_memory_nor_push_out_a_mark() {
        let daemon = Arc::new(DaemonCensus::default());
        let session = SessionCensus::new(daemon.clone());
        session.mark("barred", SystemTime::now() + Duration::from_secs(3600));
        for number in 0..SHARDS * MOST_LOOSE + SHARDS {
            session.tally(&number.to_string(), Duration::from_secs(3600));
        }
        assert!(keys(&daemon) <= SHARDS * MOST_LOOSE);
        assert!(session.is_marked("barred"));
        for _ in 0..2 * MOST_EVENTS {
            daemon.tally("often", Duration::from_secs(3600));
        }
        assert_eq!(daemon.tally("often", Duration::from_secs(3600)), u64::MAX);
    }
}
