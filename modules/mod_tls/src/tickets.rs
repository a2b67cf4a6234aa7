//! How TLS sessions are resumed. A ticket or session id belongs to the control connection that it
//! was made for. Data connections accept only those of their own control connection: resuming it
//! proves that the same client is at the other end. A new control connection accepts those of
//! earlier ones if the configuration allows it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use rustls::server::{ProducesTickets, StoresServerSessions};

/// The length of a key's name, at the beginning of each ticket.
const NAME: usize = 16;
/// The length of a control connection's number, at the beginning of the sealed part.
const OWNER: usize = 16;
/// The longest lifetime of a TLSv1.3 ticket: a week (RFC 8446 section 4.6.1).
const LONGEST: u64 = 7 * 24 * 60 * 60;
/// How many sessions to keep by id for one control connection. One is its own; others are from data
/// connections that need not resume it.
const KEPT: usize = 4;
/// How many sessions to keep by id for all control connections.
const SHARED: usize = 10_000;

type Owner = [u8; OWNER];

/// The keys that seal tickets. They exist only in memory.
pub(crate) struct Keys {
    age: Duration,
    count: usize,
    /// Newest first.
    keys: RwLock<VecDeque<Key>>,
}

struct Key {
    name: [u8; NAME],
    key: RandomizedNonceKey,
    made: Instant,
}

impl Keys {
    /// `age` is when a key is replaced, `count` how many are kept.
    pub(crate) fn new(age: Duration, count: usize) -> Self {
        Self { age, count: count.max(1), keys: RwLock::default() }
    }

    fn lifetime(&self) -> u64 {
        self.age.as_secs().saturating_mul(self.count as u64).min(LONGEST)
    }

    fn seal(&self, mut plain: Vec<u8>) -> Option<Vec<u8>> {
        self.renew()?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.front()?;
        let nonce = key.key.seal_in_place_append_tag(Aad::from(key.name), &mut plain).ok()?;
        Some([&key.name[..], nonce.as_ref(), &plain].concat())
    }

    fn open(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_first_chunk::<NAME>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|key| key.name == *name)?;
        if key.made.elapsed().as_secs() > self.lifetime() {
            return None;
        }
        let mut plain = sealed.to_vec();
        let length = key.key.open_in_place(Nonce::from(nonce), Aad::from(key.name), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }

    /// Makes a new key if none is young enough.
    fn renew(&self) -> Option<()> {
        let is_young = |keys: &VecDeque<Key>| keys.front().is_some_and(|key| key.made.elapsed() < self.age);
        if is_young(&self.keys.read().unwrap_or_else(PoisonError::into_inner)) {
            return Some(());
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if !is_young(&keys) {
            keys.push_front(Key::new()?);
            keys.truncate(self.count);
        }
        Some(())
    }
}

impl Key {
    fn new() -> Option<Self> {
        let (mut name, mut bytes) = ([0; NAME], [0; 32]);
        rand::fill(&mut name).ok()?;
        rand::fill(&mut bytes).ok()?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).ok()?;
        Some(Self { name, key, made: Instant::now() })
    }
}

/// Shows no keys.
impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Keys")
    }
}

/// Sessions by id, for later control connections.
pub(crate) struct Cache {
    lifetime: Duration,
    sessions: Mutex<VecDeque<CacheEntry>>,
}

/// An id, its session, and the time when it was made.
type CacheEntry = (Vec<u8>, Vec<u8>, Instant);

impl Cache {
    /// A cache that drops sessions after a time.
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, sessions: Mutex::default() }
    }

    fn put(&self, id: Vec<u8>, session: Vec<u8>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        while sessions.len() >= SHARED || sessions.back().is_some_and(|(.., made)| made.elapsed() > self.lifetime) {
            sessions.pop_back();
        }
        sessions.push_front((id, session, Instant::now()));
    }

    /// The number of sessions.
    pub(crate) fn count(&self) -> usize {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Drops all sessions; returns how many there were.
    pub(crate) fn clear(&self) -> usize {
        std::mem::take(&mut *self.sessions.lock().unwrap_or_else(PoisonError::into_inner)).len()
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, session, made) = sessions.iter().find(|(known, ..)| known == id)?;
        (made.elapsed() <= self.lifetime).then(|| session.clone())
    }
}

/// What the connections of one control connection can resume.
pub(crate) struct Bond {
    owner: Owner,
    /// The owner of the ticket that the control connection itself resumed; the client may continue
    /// to use it.
    adopted: Mutex<Option<Owner>>,
    keys: Arc<Keys>,
    /// Whether it accepts tickets of other control connections.
    shares: bool,
    cache: Option<Arc<Cache>>,
    sessions: Mutex<VecDeque<(Vec<u8>, Vec<u8>)>>,
}

impl Bond {
    /// For a control connection; `None` if the system has no random numbers.
    pub(crate) fn new(keys: Arc<Keys>, shares: bool, cache: Option<Arc<Cache>>) -> Option<Arc<Self>> {
        let mut owner = [0; OWNER];
        rand::fill(&mut owner).ok()?;
        let (adopted, sessions) = (Mutex::default(), Mutex::default());
        Some(Arc::new(Self { owner, adopted, keys, shares, cache, sessions }))
    }

    fn is_own(&self, owner: &Owner) -> bool {
        *owner == self.owner || self.adopted().as_ref() == Some(owner)
    }

    fn adopted(&self) -> MutexGuard<'_, Option<Owner>> {
        self.adopted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, VecDeque<(Vec<u8>, Vec<u8>)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, id: &[u8], session: &[u8]) {
        let mut sessions = self.sessions();
        if sessions.len() < KEPT {
            sessions.push_back((id.to_vec(), session.to_vec()));
        }
    }
}

/// The kind of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The control connection.
    Control,
    /// A data connection.
    Data,
}

/// What one connection can resume, and what it gives its client to resume.
///
/// A data connection gives nothing unless it has itself resumed the control connection's session:
/// otherwise a stranger who is refused would have a ticket for the next attempt.
pub(crate) struct Resumption {
    bond: Arc<Bond>,
    role: Role,
    /// Whether the client sent a ticket or an id of the bond.
    known: AtomicBool,
    /// Whether rustls has decided on a full handshake. It decides at the client's first message.
    full: AtomicBool,
}

impl Resumption {
    /// For a new connection.
    pub(crate) fn new(bond: Arc<Bond>, role: Role) -> Arc<Self> {
        Arc::new(Self { bond, role, known: AtomicBool::new(false), full: AtomicBool::new(false) })
    }

    /// Records how the handshake proceeds, after each message of the client.
    pub(crate) fn decided(&self, resumed: bool) {
        if !resumed && !self.full.swap(true, Ordering::AcqRel) && self.role == Role::Control {
            // The connection has not resumed what the client offered.
            *self.bond.adopted() = None;
        }
    }

    /// Whether to give the client something to resume.
    fn gives(&self) -> bool {
        let is_own = || self.known.load(Ordering::Acquire) && !self.full.load(Ordering::Acquire);
        self.role == Role::Control || is_own()
    }

    fn came(&self, session: Option<Vec<u8>>) -> Option<Vec<u8>> {
        if session.is_some() {
            self.known.store(true, Ordering::Release);
        }
        session
    }

    /// Accepts a ticket of an earlier control connection for this one, if that is allowed.
    fn adopts(&self, owner: &Owner) -> bool {
        let may = self.bond.shares && self.role == Role::Control;
        if may {
            *self.bond.adopted() = Some(*owner);
        }
        may
    }
}

/// Shows no secrets.
impl fmt::Debug for Resumption {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Resumption of a {:?} connection", self.role)
    }
}

impl ProducesTickets for Resumption {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        u32::try_from(self.bond.keys.lifetime()).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        if !self.gives() {
            return None;
        }
        self.bond.keys.seal([&self.bond.owner[..], plain].concat())
    }

    /// A ticket may be used repeatedly: its user proves to know the secret, and clients that only
    /// upload do not read new ones.
    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let plain = self.bond.keys.open(ticket)?;
        let (owner, session) = plain.split_first_chunk::<OWNER>()?;
        let is_taken = self.bond.is_own(owner) || self.adopts(owner);
        self.came(is_taken.then(|| session.to_vec()))
    }
}

impl StoresServerSessions for Resumption {
    fn put(&self, id: Vec<u8>, session: Vec<u8>) -> bool {
        if !self.gives() {
            return false;
        }
        self.bond.keep(&id, &session);
        if let Some(cache) = self.bond.cache.as_ref().filter(|_| self.role == Role::Control) {
            cache.put(id, session);
        }
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        let own = self.bond.sessions().iter().find(|(known, _)| known == id).map(|(_, session)| session.clone());
        let shared = || {
            let session = self.bond.cache.as_ref().filter(|_| self.role == Role::Control)?.get(id)?;
            // Its data connections may resume it, too.
            self.bond.keep(id, &session);
            Some(session)
        };
        self.came(own.or_else(shared))
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.get(id)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Arc<Keys> {
        Arc::new(Keys::new(Duration::from_secs(60), 2))
    }

    fn bond(keys: &Arc<Keys>, shares: bool, cache: Option<&Arc<Cache>>) -> Arc<Bond> {
        Bond::new(keys.clone(), shares, cache.cloned()).unwrap()
    }

    fn control(bond: &Arc<Bond>) -> Arc<Resumption> {
        Resumption::new(bond.clone(), Role::Control)
    }

    fn data(bond: &Arc<Bond>) -> Arc<Resumption> {
        Resumption::new(bond.clone(), Role::Data)
    }

    #[test]
    fn a_ticket_is_its_own_sessions_alone() {
        let keys = keys();
        let (one, other) = (bond(&keys, false, None), bond(&keys, false, None));
        let ticket = control(&one).encrypt(b"secret").unwrap();
        assert!(!ticket.windows(6).any(|bytes| bytes == b"secret"));
        for _ in 0..100 {
            assert_eq!(data(&one).decrypt(&ticket).as_deref(), Some(&b"secret"[..]));
        }
        assert_eq!(data(&other).decrypt(&ticket), None);
        assert_eq!(control(&other).decrypt(&ticket), None);
        let mut changed = ticket.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(data(&one).decrypt(&changed), None);
        assert_eq!(data(&one).decrypt(b""), None);
        assert_eq!(data(&one).decrypt(&ticket[..40]), None);
    }

    #[test]
    fn a_stranger_on_a_data_connection_is_given_nothing() {
        let bond = bond(&keys(), false, None);
        let ticket = control(&bond).encrypt(b"secret").unwrap();
        let stranger = data(&bond);
        stranger.decided(false);
        assert_eq!(stranger.encrypt(b"x"), None);
        assert!(!stranger.put(b"id".to_vec(), b"x".to_vec()));
        // A ticket that was seen on the wire, offered with another server name.
        let thief = data(&bond);
        assert!(thief.decrypt(&ticket).is_some());
        thief.decided(false);
        assert_eq!(thief.encrypt(b"x"), None);
        let own = data(&bond);
        assert!(own.decrypt(&ticket).is_some());
        assert!(own.encrypt(b"x").is_some(), "TLSv1.2 asks for a new one at once");
        own.decided(true);
        assert!(own.encrypt(b"x").is_some());
    }

    #[test]
    fn a_shared_ticket_opens_a_control_connection_and_then_its_data_connections() {
        let keys = keys();
        let (first, next) = (bond(&keys, true, None), bond(&keys, true, None));
        let ticket = control(&first).encrypt(b"secret").unwrap();
        let resumed = control(&next);
        assert!(resumed.decrypt(&ticket).is_some());
        resumed.decided(true);
        assert!(data(&next).decrypt(&ticket).is_some());
        let stranger = control(&bond(&keys, true, None)).encrypt(b"other").unwrap();
        assert_eq!(data(&next).decrypt(&stranger), None, "a data connection takes no ticket of another session");
        let offered = bond(&keys, true, None);
        let full = control(&offered);
        assert!(full.decrypt(&ticket).is_some());
        full.decided(false);
        assert_eq!(data(&offered).decrypt(&ticket), None, "it was offered, and not what the connection resumed");
    }

    #[test]
    fn ids_go_to_the_next_control_connection_through_the_cache_alone() {
        let (keys, cache) = (keys(), Arc::new(Cache::new(Duration::from_secs(60))));
        let first = bond(&keys, false, Some(&cache));
        control(&first).put(b"id".to_vec(), b"secret".to_vec());
        assert!(data(&first).get(b"id").is_some());
        assert_eq!(control(&bond(&keys, false, None)).get(b"id"), None);
        let next = bond(&keys, false, Some(&cache));
        assert_eq!(data(&next).get(b"id"), None);
        assert!(control(&next).get(b"id").is_some());
        assert!(data(&next).get(b"id").is_some(), "its data connections resume it as well");
    }

    #[test]
    fn old_keys_are_kept_and_the_oldest_is_dropped() {
        // With an age of zero, each ticket has its own key.
        let keys = Arc::new(Keys::new(Duration::ZERO, 2));
        let bond = bond(&keys, false, None);
        let tickets: Vec<_> = (0..3).map(|_| control(&bond).encrypt(b"x").unwrap()).collect();
        assert_eq!(control(&bond).decrypt(&tickets[0]), None);
        assert_eq!(keys.keys.read().unwrap().len(), 2);
    }
}
