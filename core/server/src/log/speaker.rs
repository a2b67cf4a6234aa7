//! The session of a log record. Code in a session's task, including modules, need not name the
//! session: the task carries it.

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

/// The parts that may change.
#[derive(Clone)]
pub(super) struct Label {
    /// The server's address: `192.0.2.1`.
    pub(super) server: Arc<str>,
    /// The client's name and address: `client.example[192.0.2.7]`.
    pub(super) client: Arc<str>,
    pub(super) log: ServerLog,
    /// The server's LogOptions.
    pub(super) options: LogOptions,
    /// The server's DebugLevel.
    pub(super) verbosity: u8,
}

/// How a server logs the records of its sessions.
#[derive(Clone, Default)]
pub struct SessionLog {
    /// Their target.
    pub log: ServerLog,
    /// The format of the beginning of their lines.
    pub options: LogOptions,
    /// DebugLevel.
    pub verbosity: u8,
}

/// The target of the records of a server's sessions.
#[derive(Clone, Default)]
pub enum ServerLog {
    /// The daemon's log.
    #[default]
    Shared,
    /// No target: `ServerLog none`.
    None,
    /// The server's own file.
    Own(Arc<dyn LogWriter>),
}

impl Label {
    /// The server and the client.
    pub(super) fn parties(&self) -> (&str, &str) {
        (&self.server, &self.client)
    }
}

impl Speaker {
    /// For a new session.
    pub fn new(local: SocketAddr, remote: SocketAddr, SessionLog { log, options, verbosity }: SessionLog) -> Arc<Self> {
        let client = shown(&remote.ip().to_string(), remote);
        let label = Label { server: local.ip().to_string().into(), client, log, options, verbosity };
        Arc::new(Self { remote, label: Mutex::new(label) })
    }

    /// Sets the client's name.
    pub fn client(&self, name: &str) {
        self.locked().client = shown(name, self.remote);
    }

    /// Sets the server, after HOST.
    pub fn server(&self, SessionLog { log, options, verbosity }: SessionLog) {
        let mut label = self.locked();
        (label.log, label.options, label.verbosity) = (log, options, verbosity);
    }

    /// Runs a session's task, in which all records belong to the session.
    pub async fn run<T>(self: Arc<Self>, task: impl Future<Output = T>) -> T {
        SPEAKER.scope(self, task).await
    }

    /// The DebugLevel of the current task's session.
    pub(super) fn verbosity() -> u8 {
        SPEAKER.try_with(|speaker| speaker.locked().verbosity).unwrap_or(0)
    }

    /// The current task's session.
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
