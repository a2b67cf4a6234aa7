//! A session: what a client is, has said and is doing, from the accepted
//! connection to its end. One task owns it; modules see it through a
//! [`crate::Moment`].

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::account::Account;
use crate::census::Census;
use crate::error::{Error, ErrorKind, Result};
use crate::meter::Meter;
use crate::notes::Notes;
use crate::path::VirtualPath;
use crate::transfer::Transfer;

/// Which of the configuration's servers: 0 is the main server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(pub usize);

/// Why a session ends on the server's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending(pub String);

/// Where the server lets a client in: modules come to it by [`Session::admit`].
#[async_trait]
pub trait Door: Send + Sync {
    /// Fixes whose files the session's are, and their root, a folder of the host.
    async fn admit(&self, account: Arc<Account>, root: &Path) -> Result<()>;
}

/// One client's session.
pub struct Session {
    /// Its number, unique in this process.
    pub id: u64,
    /// The server that it came to.
    pub server: ServerId,
    /// That server's ServerName.
    pub server_name: Arc<str>,
    /// By what that server is the same after a reload, whatever its place and its name
    /// in the configuration: what is counted of one server ([`Session::census`]) has
    /// this in its key. No blank is in it.
    pub server_key: Arc<str>,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
    /// The client's name, or its address where UseReverseDNS is off or fails.
    pub remote_host: String,
    /// The `<Class>` that the client is in; known once the session has begun.
    pub class: Option<Arc<str>>,
    /// When it was accepted.
    pub began: SystemTime,
    /// What USER named.
    pub user: Option<String>,
    /// Who it is, from the login on.
    pub account: Option<Arc<Account>>,
    /// Logins that failed so far.
    pub attempts: u32,
    /// The working directory.
    pub cwd: VirtualPath,
    /// The transfer that the current command made; the server completes it when
    /// the command has been handled.
    pub transfer: Option<Transfer>,
    /// What watches the next transfer of the current command.
    pub meters: Vec<Box<dyn Meter>>,
    /// Bytes that its transfers brought in, and sent out.
    pub bytes: (u64, u64),
    /// What the daemon counts beyond this session.
    pub census: Box<dyn Census>,
    /// The way in: see [`Session::admit`].
    pub door: Box<dyn Door>,
    /// Set to end the session when the command's reply is sent.
    pub ending: Option<Ending>,
    /// When its current command came.
    pub command_began: SystemTime,
    /// What modules leave for each other and for log variables.
    pub notes: Notes,
}

impl Session {
    /// Ends the session when the command's reply is sent.
    pub fn end(&mut self, why: impl Into<String>) {
        self.ending.get_or_insert_with(|| Ending(why.into()));
    }

    /// Lets the client in, once, at its login: from here on its files are those
    /// below `root`, a folder of the host, touched as `account`. Refused where
    /// `<Limit LOGIN>` refuses the account.
    pub async fn admit(&mut self, account: Arc<Account>, root: &Path) -> Result<()> {
        self.door.admit(account, root).await
    }

    /// Who is logged in; an error before that.
    pub fn account(&self) -> Result<&Arc<Account>> {
        self.account.as_ref().ok_or_else(|| Error::of(ErrorKind::NotLoggedIn))
    }

    /// Where a path that the client named leads.
    pub fn resolve(&self, path: &[u8]) -> VirtualPath {
        self.cwd.join(path)
    }
}
