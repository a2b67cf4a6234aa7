//! The control socket, as modules see it. An operator requests an action; the module that declares
//! it (`control!`) performs it in [`crate::Module::control`] with the help of the [`Daemon`].
//! Permission has been checked before.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;
use crate::guard::Output;
use crate::value::Value;

/// An action that an operator requests.
pub struct ControlRequest<'a> {
    /// Its name.
    pub action: &'a str,
    /// Its parameters.
    pub words: &'a [&'a str],
    /// Text sent with the request, such as directives; often empty.
    pub input: &'a str,
    /// The operator, for logs: `root (uid 0)`.
    pub operator: &'a str,
    /// The daemon's operations.
    pub daemon: &'a dyn Daemon,
}

/// The answer to an operator.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// For people, as ftpdctl prints it.
    pub lines: Vec<String>,
    /// For programs.
    pub value: Value,
}

impl Answer {
    /// One line for people, and the same for programs.
    pub fn new(line: impl Into<String>, value: Value) -> Self {
        Self { lines: vec![line.into()], value }
    }
}

impl Output for Answer {}

/// The daemon, as actions use it.
#[async_trait]
pub trait Daemon: Send + Sync {
    /// Performs one operation. [`Operation`] documents each result.
    ///
    /// # Errors
    /// Says why the operation failed; the running server is unchanged.
    async fn operate(&self, operation: Operation) -> Result<Value>;
}

/// An operation of the daemon. The result is a map unless stated otherwise; times are Unix seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Lists the modules: `generation`, `modules` (a list; see lsmod).
    Modules,
    /// Loads a module: `module`, `generation`, `notices`.
    Insert {
        /// `mod_x`.
        module: String,
        /// Its file; by default the one that LoadModule would find.
        file: Option<String>,
        /// Directives for it in the main server, as configuration lines.
        directives: String,
    },
    /// Removes a module: `module`, `generation`, `sessions` (the number that still use it),
    /// `notices`.
    Remove {
        /// `mod_x`.
        module: String,
        /// What happens to the sessions that use it.
        leave: Leave,
    },
    /// Replaces a module's file; the result is as for [`Self::Insert`].
    Swap {
        /// `mod_x`.
        module: String,
        /// The new file; by default the one that LoadModule finds.
        file: Option<String>,
    },
    /// Rereads the configuration and reloads all module files: `generation`, `notices`, `ended` (the
    /// number of sessions that are ended).
    Reload {
        /// What happens to the sessions that use a former configuration.
        leave: Leave,
    },
    /// Lists the sessions: `pid`, `version`, `started`, `generation`, `sessions` (a list; see who).
    Sessions,
    /// Ends sessions: `kicked`, a list of session numbers.
    Kick {
        /// What `names` contains.
        by: Kick,
        /// The sessions to end.
        names: Vec<String>,
        /// The maximum number to end.
        most: Option<usize>,
    },
    /// The state of the daemon and its servers: `pid`, `version`, `stamp`, `started`, `generation`,
    /// `restarts`, `restarted`, `sessions`, `most`, `servers` (a list of `name`, `addresses`, `up`,
    /// `sessions`).
    Status,
    /// Makes servers accept or refuse new sessions: `servers`, the names of the affected ones.
    Serve {
        /// An address, optionally with `#port`; `None` means every server.
        server: Option<String>,
        /// Whether they accept new sessions.
        up: bool,
    },
    /// Ends the daemon: `sessions`, the number of open ones.
    Shutdown {
        /// How long sessions may continue; zero ends them at once.
        grace: Duration,
    },
    /// Sets or reads the log level: `level`, ProFTPD's 0 to 10.
    LogLevel(Option<u8>),
    /// Sets the log levels of these channels (modules and parts of the server), and lists all that
    /// have one: `channels`, a list of `channel` and `level`.
    Trace(Vec<(String, u8)>),
    /// Sets whether the names of new clients are looked up: `dns`.
    ReverseDns(bool),
    /// The active configuration: `text`.
    Configuration,
    /// Lists all directives: a list of `directive` and `module`.
    Directives,
    /// Lists all actions: a list of `action`, `module`, `syntax`, `help`, `enabled`.
    Actions,
    /// Enables or disables actions: a list of their names.
    Enable {
        /// The action; `None` means all.
        action: Option<String>,
        /// Restricts this to one module.
        module: Option<String>,
        /// Whether to enable them.
        on: bool,
    },
}

/// What happens to sessions that use a module when it is removed, or a configuration when it is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// They keep it until they end.
    Stay,
    /// Those still open after this time get a 421 and are ended.
    Drain(Duration),
    /// They get a 421 now; whatever they are doing is aborted.
    Now,
}

/// How sessions are selected to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kick {
    /// By user.
    User,
    /// By the client's name or address.
    Host,
    /// By the client's class.
    Class,
    /// By session number.
    Session,
}

/// A change of generation, reported to all modules of the one that serves new sessions from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The generation.
    pub generation: u64,
    /// The operation: `start`, `reload`, `insmod`, `rmmod`, `swap`.
    pub cause: String,
    /// The module concerned, if any.
    pub module: Option<String>,
}
