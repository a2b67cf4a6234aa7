//! The moments at which a module is called: a command, and one of its phases.

use gantry_proto::verb::Verb;

use crate::guard::Output;

/// A command's phases, as ProFTPD names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// PRE_CMD: before it; an error refuses the command.
    Pre,
    /// CMD: the first module that answers `Done` has handled it.
    Command,
    /// POST_CMD: after success, before the reply is sent.
    Post,
    /// POST_CMD_ERR: after failure, before the reply is sent.
    PostError,
    /// LOG_CMD: after the reply of a success.
    Log,
    /// LOG_CMD_ERR: after the reply of a failure.
    LogError,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 6] = [Self::Pre, Self::Command, Self::Post, Self::PostError, Self::Log, Self::LogError];
}

/// Whether a command is allowed before login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// 530 before login.
    Required,
    /// Allowed at any time.
    NotNeeded,
}

/// What of a command's argument is a path: the gate and the settings of
/// `<Directory>` go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathArgument {
    /// Nothing.
    None,
    /// All of it; the working directory where it is empty.
    Whole,
    /// What follows options such as `-la`.
    AfterOptions,
    /// What follows the first word.
    AfterWord,
}

/// One moment at which a module wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// The command; none for every command.
    pub verb: Option<Verb>,
    /// The phase.
    pub phase: Phase,
    /// Whether the command needs a login (of CMD hooks).
    pub login: Login,
    /// What of its argument is a path (of CMD hooks).
    pub path: PathArgument,
}

impl Hook {
    const fn of(verb: Option<Verb>, phase: Phase) -> Self {
        Self { verb, phase, login: Login::Required, path: PathArgument::None }
    }

    /// Handles a command.
    pub const fn command(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Command)
    }

    /// Before a command.
    pub const fn pre(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Pre)
    }

    /// After a command's success.
    pub const fn post(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Post)
    }

    /// After a command's failure.
    pub const fn post_error(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::PostError)
    }

    /// Logs a command that succeeded.
    pub const fn log(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Log)
    }

    /// Logs a command that failed.
    pub const fn log_error(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::LogError)
    }

    /// A phase of every command.
    pub const fn every(phase: Phase) -> Self {
        Self::of(None, phase)
    }

    /// When a client has connected, before the greeting: an error refuses it.
    pub const fn connect() -> Self {
        Self::command(Verb::CONNECT)
    }

    /// When a session ends, however it ends.
    pub const fn exit() -> Self {
        Self::command(Verb::EXIT)
    }

    /// Allows the command before login.
    #[must_use]
    pub const fn before_login(mut self) -> Self {
        self.login = Login::NotNeeded;
        self
    }

    /// Says what of the command's argument is a path.
    #[must_use]
    pub const fn path(mut self, path: PathArgument) -> Self {
        self.path = path;
        self
    }
}

/// What follows a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The next module's turn.
    Next,
    /// This phase is done: no further module is asked.
    Done,
    /// Call `wait`.
    Wait,
}

impl Output for Step {}
