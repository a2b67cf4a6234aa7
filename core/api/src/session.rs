//! A session: what a client is, has said and is doing, from the accepted
//! connection to its end. One task owns it; modules see it through a
//! [`crate::Moment`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use crate::account::Account;
use crate::admission::{Admission, AtServer, Door};
use crate::census::Census;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::SectionId;
pub use crate::ids::ServerId;
use crate::meter::Meter;
use crate::notes::Notes;
use crate::path::VirtualPath;
use crate::transfer::Transfer;

/// Why a session ends on the server's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending(pub String);

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
    /// The `<Anonymous>` section that this name, and later the session, belongs to;
    /// none for the server itself. PASS is judged by what holds there.
    pub section: Option<SectionId>,
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
    /// Set to end the session when the command's reply is sent.
    pub ending: Option<Ending>,
    /// When its current command came.
    pub command_began: SystemTime,
    /// What modules leave for each other and for log variables.
    pub notes: Notes,
    door: Box<dyn Door>,
}

/// A client that comes.
pub struct Arrival {
    /// The session's number.
    pub id: u64,
    /// The server that it came to.
    pub server: AtServer,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
}

impl Session {
    /// A session that begins, with the server's sides of it.
    pub fn new(arrival: Arrival, door: Box<dyn Door>, census: Box<dyn Census>) -> Self {
        let Arrival { id, server, local, remote } = arrival;
        Self {
            id,
            server: server.id,
            server_name: server.name,
            server_key: server.key,
            local,
            remote,
            remote_host: remote.ip().to_string(),
            began: SystemTime::now(),
            user: None,
            section: None,
            account: None,
            class: None,
            attempts: 0,
            cwd: VirtualPath::root(),
            transfer: None,
            meters: Vec::new(),
            bytes: (0, 0),
            census,
            ending: None,
            command_began: SystemTime::now(),
            notes: Notes::default(),
            door,
        }
    }

    /// Whether anybody may log in from where the client is, by the name that USER gave:
    /// to be asked before a password is looked at. [`Session::admit`] judges all of it.
    ///
    /// # Errors
    /// The client's: `<Limit LOGIN>` lets nobody in.
    pub fn lets_in(&self) -> Result<()> {
        self.door.lets_in(self.section)
    }

    /// Makes the session somebody, once. What holds for it from here on is that of
    /// the section, and the working directory the first beginning that can be entered.
    ///
    /// # Errors
    /// The client's where `<Limit LOGIN>` does not let it in; else why it cannot
    /// have its root or begin anywhere in it. Nothing has changed then.
    pub async fn admit(&mut self, mut admission: Admission) -> Result<()> {
        self.check_nobody()?;
        // Nobody needs the password's hash any more.
        admission.account.secret = None;
        self.cwd = self.door.admit(&admission).await?;
        self.section = admission.section;
        self.account = Some(Arc::new(admission.account));
        Ok(())
    }

    /// Moves the session to another server before its login (HOST, RFC 7151): what
    /// USER named is forgotten.
    ///
    /// # Errors
    /// The client's after the login.
    pub fn move_to(&mut self, server: ServerId) -> Result<()> {
        self.check_nobody()?;
        let AtServer { id, name, key } = self.door.move_to(server)?;
        (self.server, self.server_name, self.server_key) = (id, name, key);
        (self.user, self.section) = (None, None);
        Ok(())
    }

    /// Ends the session when the command's reply is sent.
    pub fn end(&mut self, why: impl Into<String>) {
        self.ending.get_or_insert_with(|| Ending(why.into()));
    }

    fn check_nobody(&self) -> Result<()> {
        match self.account {
            None => Ok(()),
            Some(_) => Err(Error::of(ErrorKind::OutOfOrder)),
        }
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
