//! A session: a client's state from the accepted connection to its end. One task owns it; modules
//! see it through a [`crate::Moment`].

use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::account::Account;
use crate::admission::{Admission, AtServer, Door, Hosts};
use crate::census::Census;
use crate::error::{Error, ErrorKind, Result};
use crate::events::Events;
use crate::ids::SectionId;
pub use crate::ids::ServerId;
use crate::meter::Meter;
use crate::notes::Notes;
use crate::path::VirtualPath;
use crate::transfer::Transfer;
use crate::voucher::Voucher;

/// The reason why the server ends a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending(pub String);

/// One client's session.
pub struct Session {
    /// Its number, unique in this process.
    pub id: u64,
    /// The server that it belongs to.
    pub server: ServerId,
    /// That server's ServerName.
    pub server_name: Arc<str>,
    /// Identifies that server across reloads, whatever its place and name in the configuration;
    /// keys for counts per server ([`Session::census`]) contain it. It contains no blank.
    pub server_key: Arc<str>,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
    /// The client's host name, or its address if UseReverseDNS is off or the look-up fails.
    pub remote_host: String,
    /// The client's `<Class>`; known once the session has begun.
    pub class: Option<Arc<str>>,
    /// When it was accepted.
    pub began: SystemTime,
    /// The name from USER.
    pub user: Option<String>,
    /// The `<Anonymous>` section that this name, and later the session, belongs to; `None` for the
    /// server itself. Its settings apply to PASS.
    pub section: Option<SectionId>,
    /// The account, after login.
    pub account: Option<Arc<Account>>,
    /// Failed logins so far.
    pub attempts: u32,
    /// The working directory.
    pub cwd: VirtualPath,
    /// Where the account's home is inside the session's root; the root where it is not inside.
    pub home: VirtualPath,
    /// The transfer of the current command; the server completes it after the command has been
    /// handled.
    pub transfer: Option<Transfer>,
    /// The size, in bytes, of the file that the current command deleted.
    pub deleted: Option<u64>,
    /// The meters for the next transfer of the current command.
    pub meters: Vec<Box<dyn Meter>>,
    /// Bytes received and sent in its transfers.
    pub bytes: (u64, u64),
    /// Files received and sent completely in its transfers.
    pub files: (u64, u64),
    /// The daemon's counts beyond this session.
    pub census: Box<dyn Census>,
    /// Set to end the session after the command's reply is sent.
    pub ending: Option<Ending>,
    /// When the current command arrived.
    pub command_began: SystemTime,
    /// Notes from modules, for each other and for log variables.
    pub notes: Notes,
    /// What happened besides commands, for modules that act on it.
    pub events: Events,
    /// What vouches for the client besides a password; asked once USER has named an account.
    pub voucher: Option<Box<dyn Voucher>>,
    door: Box<dyn Door>,
}

/// A new client.
pub struct Arrival {
    /// The session's number.
    pub id: u64,
    /// The server that it belongs to.
    pub server: AtServer,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
}

impl Session {
    /// A new session, with the server's parts of it.
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
            home: VirtualPath::root(),
            transfer: None,
            deleted: None,
            meters: Vec::new(),
            bytes: (0, 0),
            files: (0, 0),
            census,
            ending: None,
            command_began: SystemTime::now(),
            notes: Notes::default(),
            events: Events::default(),
            voucher: None,
            door,
        }
    }

    /// Checks whether the name from USER may log in from the client's address at all. Call it
    /// before looking at a password; [`Session::admit`] does the full check.
    ///
    /// # Errors
    /// A client error if `<Limit LOGIN>` admits nobody.
    pub fn lets_in(&self) -> Result<()> {
        self.door.lets_in(self.section)
    }

    /// Logs the session in, once. The settings of the section apply from here on, and the working
    /// directory is the first candidate that can be entered.
    ///
    /// # Errors
    /// A client error if `<Limit LOGIN>` refuses the session; otherwise the reason why its root or
    /// every working directory cannot be used. Nothing has changed then.
    pub async fn admit(&mut self, mut admission: Admission) -> Result<()> {
        self.check_nobody()?;
        // Nobody needs the password hash any more.
        admission.account.secret = None;
        self.cwd = self.door.admit(&admission).await?;
        let inside = admission.account.home.strip_prefix(&admission.root).unwrap_or(Path::new(""));
        self.home = VirtualPath::root().join(inside.as_os_str().as_bytes());
        self.section = admission.section;
        self.account = Some(Arc::new(admission.account));
        Ok(())
    }

    /// Moves the session to another server before login (HOST, RFC 7151). The name from USER is
    /// forgotten.
    ///
    /// # Errors
    /// A client error after login.
    pub fn move_to(&mut self, server: ServerId) -> Result<()> {
        self.check_nobody()?;
        let AtServer { id, name, key } = self.door.move_to(server)?;
        (self.server, self.server_name, self.server_key) = (id, name, key);
        (self.user, self.section) = (None, None);
        // What vouched for the client did so by the other server's rules.
        self.voucher = None;
        Ok(())
    }

    /// Finds servers as [`Session::host`] does, without the session.
    pub fn hosts(&self) -> Hosts {
        self.door.hosts(self.local)
    }

    /// The server that has this name and listens where the client came to (HOST, RFC 7151).
    pub fn host(&self, name: &str) -> Option<ServerId> {
        self.door.host(name, self.local)
    }

    /// Ends the session after the command's reply is sent.
    pub fn end(&mut self, why: impl Into<String>) {
        self.ending.get_or_insert_with(|| Ending(why.into()));
    }

    fn check_nobody(&self) -> Result<()> {
        match self.account {
            None => Ok(()),
            Some(_) => Err(Error::of(ErrorKind::OutOfOrder)),
        }
    }

    /// The account; an error before login.
    pub fn account(&self) -> Result<&Arc<Account>> {
        self.account.as_ref().ok_or_else(|| Error::of(ErrorKind::NotLoggedIn))
    }

    /// Resolves a path from the client; `~` and `~/x` are in its home.
    pub fn resolve(&self, path: &[u8]) -> VirtualPath {
        match path {
            [b'~'] => self.home.clone(),
            [b'~', b'/', rest @ ..] => {
                let relative = rest.iter().position(|byte| *byte != b'/').and_then(|start| rest.get(start..));
                self.home.join(relative.unwrap_or_default())
            }
            path => self.cwd.join(path),
        }
    }
}
