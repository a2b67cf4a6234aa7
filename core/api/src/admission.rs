//! Admission: a session gets its account and root. The module that checks logins says who the
//! client is and where it belongs. The server then makes all changes in one step, or leaves the
//! session as it was.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::account::Account;
use crate::error::Result;
use crate::ids::{SectionId, ServerId};
use crate::path::VirtualPath;

/// The account and the place that a session gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The account; files are accessed under its ids.
    pub account: Account,
    /// The session's root, a directory on the host; the session cannot reach anything above it.
    pub root: PathBuf,
    /// The `<Anonymous>` section that the session belongs to; `None` for the server itself.
    pub section: Option<SectionId>,
    /// Candidates for the first working directory, as paths inside the root; the first that can be
    /// entered is used.
    pub beginnings: Vec<VirtualPath>,
}

/// The server that a session belongs to.
#[derive(Debug, Clone)]
pub struct AtServer {
    /// The server's number in the session's configuration.
    pub id: ServerId,
    /// Its ServerName.
    pub name: Arc<str>,
    /// See [`crate::Session::server_key`].
    pub key: Arc<str>,
}

/// Finds the server of a name among those that listen where a client came to, as HOST does: for
/// code that learns a name without having the session, such as TLS in a handshake (SNI).
pub type Hosts = Arc<dyn Fn(&str) -> Option<ServerId> + Send + Sync>;

/// The server's part in changing a session's account, root or server. Modules reach it through
/// [`crate::Session::admit`] and [`crate::Session::move_to`].
#[async_trait]
pub trait Door: Send + Sync {
    /// Checks a section's `<Limit LOGIN>` before the password, as far as it does not depend on the
    /// user.
    fn lets_in(&self, section: Option<SectionId>) -> Result<()>;
    /// Checks `<Limit LOGIN>`, opens the root and fixes the session's settings. Returns the first
    /// working directory. On an error nothing has changed.
    async fn admit(&mut self, admission: &Admission) -> Result<VirtualPath>;
    /// The server that a client who reached `local` gets by a name (HOST, RFC 7151).
    fn host(&self, name: &str, local: SocketAddr) -> Option<ServerId>;
    /// The same, for later.
    fn hosts(&self, local: SocketAddr) -> Hosts;
    /// Moves a session that has not logged in to another server.
    fn move_to(&mut self, server: ServerId) -> Result<AtServer>;
}
