//! The sessions of the process, and the daemon's requests to them: to end, or to report. Sessions
//! publish nothing by themselves, so commands pay nothing for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use gantry_api::transfer::Direction;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::generation::server::ServerKey;

/// How long to wait for a session's report. A session with a busy thread is left out.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);

/// How a session is asked to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closing {
    /// Not at all.
    #[default]
    No,
    /// The session ends when its command has.
    Soon,
    /// At once; its transfer is aborted.
    Now,
}

/// The daemon's requests to a session.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Whether and how to end.
    pub closing: Closing,
    /// The text for its client, after 421.
    pub words: &'static str,
    /// Where to send a report.
    pub ask: Option<mpsc::UnboundedSender<About>>,
}

/// A session's report.
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
    /// When the client was accepted.
    pub since: SystemTime,
    /// The logged-in user.
    pub user: Option<String>,
    /// The working directory.
    pub directory: String,
    /// What the session does.
    pub doing: Doing,
    /// Since when it does that.
    pub doing_since: SystemTime,
    /// The bytes that its transfers have received and sent.
    pub bytes: (u64, u64),
}

/// What a session does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Waiting for a command.
    Nothing,
    /// Running a command.
    Command {
        /// Its name.
        name: String,
        /// Its argument, without secrets.
        argument: String,
    },
    /// Running a transfer.
    Transfer {
        /// Its name.
        name: String,
        /// Its argument.
        argument: String,
        /// The direction.
        direction: Direction,
        /// The bytes moved so far.
        bytes: u64,
    },
}

/// What the daemon knows about a session.
#[derive(Debug)]
struct Entry {
    generation: u64,
    server: CountedAt,
    wish: watch::Sender<Wish>,
}

/// The server whose session count includes a session.
#[derive(Debug, Clone)]
pub struct CountedAt(Arc<Mutex<Arc<ServerKey>>>);

impl CountedAt {
    fn new(server: Arc<ServerKey>) -> Self {
        Self(Arc::new(Mutex::new(server)))
    }

    /// Counts the session at another server from now on.
    pub fn move_to(&self, server: Arc<ServerKey>) {
        *self.server() = server;
    }

    fn server(&self) -> MutexGuard<'_, Arc<ServerKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All sessions, by number.
#[derive(Debug, Default)]
pub struct Sessions {
    table: Mutex<BTreeMap<u64, Entry>>,
    /// Locked while sessions are asked, so that only one request is open at a time.
    asking: tokio::sync::Mutex<()>,
}

impl Sessions {
    /// Adds a session, with the channel for requests and the server that counts it.
    pub fn enter(&self, id: u64, generation: u64, server: Arc<ServerKey>) -> (watch::Receiver<Wish>, CountedAt) {
        let (wish, heard) = watch::channel(Wish::default());
        let server = CountedAt::new(server);
        self.table().insert(id, Entry { generation, server: server.clone(), wish });
        (heard, server)
    }

    /// Removes a session.
    pub fn leave(&self, id: u64) {
        self.table().remove(&id);
    }

    /// The number of sessions.
    pub fn count(&self) -> usize {
        self.table().len()
    }

    /// The number of sessions that pin any of these generations.
    pub fn count_of(&self, generations: &[u64]) -> usize {
        self.table().values().filter(|entry| generations.contains(&entry.generation)).count()
    }

    /// The number of sessions of each server.
    pub fn by_server(&self) -> BTreeMap<Arc<ServerKey>, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.table().values() {
            *counts.entry(entry.server.server().clone()).or_default() += 1;
        }
        counts
    }

    /// Ends all sessions; their clients get `words`.
    pub fn end_all(&self, closing: Closing, words: &'static str) {
        self.end(closing, words, |_, _| true);
    }

    /// Ends the sessions that pin any of these generations; returns how many.
    pub fn end_of(&self, generations: &[u64], closing: Closing, words: &'static str) -> usize {
        self.end(closing, words, |_, entry| generations.contains(&entry.generation))
    }

    /// Ends the sessions that pin a generation before this one; returns how many.
    pub fn end_before(&self, generation: u64, closing: Closing, words: &'static str) -> usize {
        self.end(closing, words, |_, entry| entry.generation < generation)
    }

    /// Ends the sessions with these numbers; returns those that exist.
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

    /// Asks all sessions for a report; returns the reports that arrive in time, by number.
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
                // This needs no wake-up.
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
