//! The sessions of the process, and what the daemon wishes of them: that they
//! end, or tell of themselves. A session publishes nothing by itself, so that
//! being known costs a command nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use gantry_api::transfer::Direction;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::generation::server::ServerKey;

/// How long a session may take to tell of itself: one whose thread is busy with
/// something else is left out.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);

/// What a session hears of its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closing {
    /// There is none in sight.
    #[default]
    No,
    /// The session ends when its command has.
    Soon,
    /// The session's transfer is broken off.
    Now,
}

/// What the daemon wishes of a session.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Its end.
    pub closing: Closing,
    /// What its client is told then, behind 421.
    pub words: &'static str,
    /// Where it tells of itself.
    pub ask: Option<mpsc::UnboundedSender<About>>,
}

/// What a session tells of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// Its number.
    pub id: u64,
    /// The generation that it pins.
    pub generation: u64,
    /// The ServerName of its server.
    pub server: Arc<str>,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
    /// The client's name, or its address.
    pub host: String,
    /// The client's class.
    pub class: Option<String>,
    /// When it was accepted.
    pub since: SystemTime,
    /// Who is logged in.
    pub user: Option<String>,
    /// The working directory.
    pub directory: String,
    /// What it does.
    pub doing: Doing,
    /// Since when.
    pub doing_since: SystemTime,
    /// Bytes that its transfers brought in, and sent out.
    pub bytes: (u64, u64),
}

/// What a session does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// It waits for a command.
    Nothing,
    /// A command.
    Command {
        /// Its name.
        name: String,
        /// Its argument; nothing of a secret.
        argument: String,
    },
    /// A command that transfers.
    Transfer {
        /// Its name.
        name: String,
        /// Its argument.
        argument: String,
        /// Which way.
        direction: Direction,
        /// Bytes moved so far.
        bytes: u64,
    },
}

/// A session as the daemon knows it.
#[derive(Debug)]
struct Entry {
    generation: u64,
    server: CountedAt,
    wish: watch::Sender<Wish>,
}

/// The server at which a session is counted.
#[derive(Debug, Clone)]
pub struct CountedAt(Arc<Mutex<Arc<ServerKey>>>);

impl CountedAt {
    fn new(server: Arc<ServerKey>) -> Self {
        Self(Arc::new(Mutex::new(server)))
    }

    /// Counts it at another server from here on.
    pub fn move_to(&self, server: Arc<ServerKey>) {
        *self.server() = server;
    }

    fn server(&self) -> MutexGuard<'_, Arc<ServerKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All sessions, by their numbers.
#[derive(Debug, Default)]
pub struct Sessions {
    table: Mutex<BTreeMap<u64, Entry>>,
    /// Held while sessions are asked: a session answers one at a time.
    asking: tokio::sync::Mutex<()>,
}

impl Sessions {
    /// Takes a session in: where it hears what is wished of it, and where it is
    /// counted.
    pub fn enter(&self, id: u64, generation: u64, server: Arc<ServerKey>) -> (watch::Receiver<Wish>, CountedAt) {
        let (wish, heard) = watch::channel(Wish::default());
        let server = CountedAt::new(server);
        self.table().insert(id, Entry { generation, server: server.clone(), wish });
        (heard, server)
    }

    /// Lets go of a session.
    pub fn leave(&self, id: u64) {
        self.table().remove(&id);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.table().len()
    }

    /// How many pin any of some generations.
    pub fn count_of(&self, generations: &[u64]) -> usize {
        self.table().values().filter(|entry| generations.contains(&entry.generation)).count()
    }

    /// How many there are at each server.
    pub fn by_server(&self) -> BTreeMap<Arc<ServerKey>, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.table().values() {
            *counts.entry(entry.server.server().clone()).or_default() += 1;
        }
        counts
    }

    /// Ends all sessions: their clients are told `words`.
    pub fn end_all(&self, closing: Closing, words: &'static str) {
        self.end(closing, words, |_, _| true);
    }

    /// Ends the sessions that pin any of some generations; how many those are.
    pub fn end_of(&self, generations: &[u64], closing: Closing, words: &'static str) -> usize {
        self.end(closing, words, |_, entry| generations.contains(&entry.generation))
    }

    /// Ends the sessions that pin generations before one; how many those are.
    pub fn end_before(&self, generation: u64, closing: Closing, words: &'static str) -> usize {
        self.end(closing, words, |_, entry| entry.generation < generation)
    }

    /// Ends the sessions of some numbers; which of them there are.
    pub fn end_these(&self, ids: &[u64], closing: Closing, words: &'static str) -> Vec<u64> {
        let there = ids.iter().copied().filter(|id| self.table().contains_key(id)).collect();
        self.end(closing, words, |id, _| ids.contains(&id));
        there
    }

    fn end(&self, closing: Closing, words: &'static str, chosen: impl Fn(u64, &Entry) -> bool) -> usize {
        let table = self.table();
        let mut count = 0;
        for (_, entry) in table.iter().filter(|(id, entry)| chosen(**id, entry)) {
            count += 1;
            entry.wish.send_if_modified(|wish| {
                let nearer = closing > wish.closing;
                if nearer {
                    (wish.closing, wish.words) = (closing, words);
                }
                nearer
            });
        }
        count
    }

    /// Asks all sessions to tell of themselves; what those say that do so in
    /// time, by their numbers.
    pub async fn ask(&self) -> Vec<About> {
        let _alone = self.asking.lock().await;
        let (say, mut said) = mpsc::unbounded_channel();
        let asked = self.wish_all(Some(&say));
        drop(say);
        let mut told = BTreeMap::new();
        let listen = async {
            while told.len() < asked {
                let Some(about) = said.recv().await else { return };
                let About { id, .. } = about;
                told.insert(id, about);
            }
        };
        let _ = timeout(ANSWER_LIMIT, listen).await;
        self.wish_all(None);
        told.into_values().collect()
    }

    fn wish_all(&self, ask: Option<&mpsc::UnboundedSender<About>>) -> usize {
        let table = self.table();
        for entry in table.values() {
            match ask {
                Some(ask) => entry.wish.send_modify(|wish| wish.ask = Some(ask.clone())),
                // Nobody needs to wake up for that.
                None => drop(entry.wish.send_if_modified(|wish| {
                    wish.ask = None;
                    false
                })),
            }
        }
        table.len()
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
