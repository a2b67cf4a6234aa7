//! The session that a record of the log is about. What runs in a session's task, modules
//! included, need not say whose it is: the task knows.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::LogWriter;

use super::style::LogOptions;

tokio::task_local! {
    static SPEAKER: Arc<Speaker>;
}

/// A session as the log knows it.
pub struct Speaker {
    remote: SocketAddr,
    label: Mutex<Label>,
}

/// What changes while the session goes on.
#[derive(Clone)]
pub(super) struct Label {
    /// The server's address: `192.0.2.1`.
    pub(super) server: Arc<str>,
    /// The client's name and address: `client.example[192.0.2.7]`.
    pub(super) client: Arc<str>,
    pub(super) log: ServerLog,
    /// The server's.
    pub(super) options: LogOptions,
    /// The server's DebugLevel.
    pub(super) verbosity: u8,
}

/// What a server says of the records of its sessions.
#[derive(Clone, Default)]
pub struct SessionLog {
    /// Where they go.
    pub log: ServerLog,
    /// What their lines begin with.
    pub options: LogOptions,
    /// DebugLevel: how many of them are written.
    pub verbosity: u8,
}

/// Where the records of a server's sessions go.
#[derive(Clone, Default)]
pub enum ServerLog {
    /// To the daemon's log.
    #[default]
    Shared,
    /// Nowhere: `ServerLog none`.
    None,
    /// To a file of the server's own.
    Own(Arc<dyn LogWriter>),
}

impl Label {
    /// Its server and its client.
    pub(super) fn parties(&self) -> (&str, &str) {
        (&self.server, &self.client)
    }
}

impl Speaker {
    /// A session that begins.
    pub fn new(local: SocketAddr, remote: SocketAddr, SessionLog { log, options, verbosity }: SessionLog) -> Arc<Self> {
        let client = shown(&remote.ip().to_string(), remote);
        let label = Label { server: local.ip().to_string().into(), client, log, options, verbosity };
        Arc::new(Self { remote, label: Mutex::new(label) })
    }

    /// The client's name has been found.
    pub fn client(&self, name: &str) {
        self.locked().client = shown(name, self.remote);
    }

    /// The session is at another server now.
    pub fn server(&self, SessionLog { log, options, verbosity }: SessionLog) {
        let mut label = self.locked();
        (label.log, label.options, label.verbosity) = (log, options, verbosity);
    }

    /// Runs a session's task: what is logged in it is logged for the session.
    pub async fn run<T>(self: Arc<Self>, task: impl Future<Output = T>) -> T {
        SPEAKER.scope(self, task).await
    }

    /// The DebugLevel of the server of the session in whose task this is called.
    pub(super) fn verbosity() -> u8 {
        SPEAKER.try_with(|speaker| speaker.locked().verbosity).unwrap_or(0)
    }

    /// The session in whose task this is called.
    pub(super) fn current() -> Option<Label> {
        SPEAKER.try_with(|speaker| speaker.locked().clone()).ok()
    }

    fn locked(&self) -> MutexGuard<'_, Label> {
        self.label.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(name: &str, remote: SocketAddr) -> Arc<str> {
    format!("{name}[{}]", remote.ip()).into()
}
