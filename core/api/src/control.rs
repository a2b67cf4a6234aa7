//! The control socket, as modules see it: an operator asks for an action, the
//! module that declares it (`control!`) does it in [`crate::Module::control`],
//! by way of what the [`Daemon`] can do. Who may ask is judged before that.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;
use crate::guard::Output;
use crate::value::Value;

/// An action that an operator asks for.
pub struct Asked<'a> {
    /// Its name.
    pub action: &'a str,
    /// The words behind it.
    pub words: &'a [&'a str],
    /// Text that was sent along, such as directives; often none.
    pub input: &'a str,
    /// Who asks, for logs: `root (uid 0)`.
    pub operator: &'a str,
    /// What the daemon can do.
    pub daemon: &'a dyn Daemon,
}

/// What an operator gets to read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// For people, as ftpdctl prints it.
    pub lines: Vec<String>,
    /// For programs.
    pub value: Value,
}

impl Answer {
    /// One line, and what it says for programs.
    pub fn new(line: impl Into<String>, value: Value) -> Self {
        Self { lines: vec![line.into()], value }
    }
}

impl Output for Answer {}

/// What the daemon does for actions.
#[async_trait]
pub trait Daemon: Send + Sync {
    /// Does one thing. What comes back is told at each operation.
    ///
    /// # Errors
    /// Says why it was not done; the running server is as it was.
    async fn operate(&self, operation: Operation) -> Result<Value>;
}

/// One thing that the daemon can do. Every answer is a map unless told
/// otherwise; times are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The modules there are: `generation`, `modules` (a list; see lsmod).
    Modules,
    /// Takes a module in: `module`, `generation`, `notices`.
    Insert {
        /// `mod_x`.
        module: String,
        /// Its file; found as LoadModule does unless given.
        file: Option<String>,
        /// Directives of the main server's for it, as lines of a configuration.
        directives: String,
    },
    /// Takes a module out: `module`, `generation`, `sessions` (those that keep
    /// it), `notices`.
    Remove {
        /// `mod_x`.
        module: String,
        /// What becomes of the sessions that have it.
        leave: Leave,
    },
    /// Puts a module's file in place of the one in use: as [`Self::Insert`].
    Swap {
        /// `mod_x`.
        module: String,
        /// The new file; the one that LoadModule finds unless given.
        file: Option<String>,
    },
    /// Reads the configuration and all modules' files anew: `generation`,
    /// `notices`.
    Reload,
    /// The sessions: `pid`, `version`, `started`, `generation`, `sessions` (a
    /// list; see who).
    Sessions,
    /// Ends sessions: `kicked`, a list of their numbers.
    Kick {
        /// What the names are.
        by: Kick,
        /// Whose sessions.
        names: Vec<String>,
        /// How many at most.
        most: Option<usize>,
    },
    /// How the daemon and its servers are: `pid`, `version`, `stamp`, `started`,
    /// `generation`, `restarts`, `restarted`, `sessions`, `most`, `servers` (a
    /// list of `name`, `addresses`, `up`, `sessions`).
    Status,
    /// Whether new sessions are served: `servers`, the names of those meant.
    Serve {
        /// An address, perhaps with `#port`; every server where there is none.
        server: Option<String>,
        /// Whether they are.
        up: bool,
    },
    /// Ends the daemon: `sessions`, how many there are.
    Shutdown {
        /// How long sessions may go on; not at all where it is zero.
        grace: Duration,
    },
    /// How much the log says: `level`, ProFTPD's 0 to 10.
    LogLevel(Option<u8>),
    /// How much the log says of single modules and rooms: `channels`, a list of
    /// `channel` and `level`. Sets those that are named.
    Trace(Vec<(String, u8)>),
    /// Whether new clients' names are looked up: `dns`.
    ReverseDns(bool),
    /// The configuration as it holds: `text`.
    Configuration,
    /// All directives: a list of `directive` and `module`.
    Directives,
    /// All actions: a list of `action`, `module`, `syntax`, `help`, `enabled`.
    Actions,
    /// Switches actions on or off: a list of their names.
    Enable {
        /// The action; all where there is none.
        action: Option<String>,
        /// Of this module alone.
        module: Option<String>,
        /// On, or off.
        on: bool,
    },
}

/// What becomes of sessions that have a module which is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// They keep it to their end.
    Stay,
    /// Those that are left after this time are told 421 and ended.
    Drain(Duration),
    /// They are told 421 now; what they do is broken off.
    Now,
}

/// By what sessions are chosen to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kick {
    /// Their user.
    User,
    /// Their client's name or address.
    Host,
    /// Their client's class.
    Class,
    /// Their number.
    Session,
}

/// A change of generations, told to all modules of the one that serves
/// new sessions from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The generation.
    pub generation: u64,
    /// What was done: `start`, `reload`, `insmod`, `rmmod`, `swap`.
    pub cause: String,
    /// The module that it was done to.
    pub module: Option<String>,
}
