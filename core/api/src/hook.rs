//! Hooks: a module is called for a command, in one of its phases.

use gantry_proto::verb::Verb;

use crate::command_info::CommandClasses;
use crate::guard::Output;

/// A command's phases, as ProFTPD names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// PRE_CMD: before the command; an error refuses it.
    Pre,
    /// CMD: the first module that returns `Done` has handled the command.
    Command,
    /// POST_CMD: after success, before the reply is sent.
    Post,
    /// POST_CMD_ERR: after failure, before the reply is sent.
    PostError,
    /// LOG_CMD: after the reply to a successful command.
    Log,
    /// LOG_CMD_ERR: after the reply to a failed command.
    LogError,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 6] = [Self::Pre, Self::Command, Self::Post, Self::PostError, Self::Log, Self::LogError];
}

/// A hook: when a module wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// Which commands.
    pub commands: Commands,
    /// The phase.
    pub phase: Phase,
}

/// The commands that a hook applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commands {
    /// Every command, but no session event.
    All,
    /// Commands in any of these classes.
    Classes(CommandClasses),
    /// This command.
    One(Verb),
}

impl Hook {
    const fn of(verb: Verb, phase: Phase) -> Self {
        Self { commands: Commands::One(verb), phase }
    }

    /// Takes part in handling a command that another module declares.
    pub const fn command(verb: Verb) -> Self {
        Self::of(verb, Phase::Command)
    }

    /// Before a command.
    pub const fn pre(verb: Verb) -> Self {
        Self::of(verb, Phase::Pre)
    }

    /// After a command's success.
    pub const fn post(verb: Verb) -> Self {
        Self::of(verb, Phase::Post)
    }

    /// After a command's failure.
    pub const fn post_error(verb: Verb) -> Self {
        Self::of(verb, Phase::PostError)
    }

    /// Logs a command that succeeded.
    pub const fn log(verb: Verb) -> Self {
        Self::of(verb, Phase::Log)
    }

    /// Logs a command that failed.
    pub const fn log_error(verb: Verb) -> Self {
        Self::of(verb, Phase::LogError)
    }

    /// A phase of every command.
    pub const fn every(phase: Phase) -> Self {
        Self { commands: Commands::All, phase }
    }

    /// A phase of the commands in some classes.
    pub const fn classes(classes: CommandClasses, phase: Phase) -> Self {
        Self { commands: Commands::Classes(classes), phase }
    }

    /// When a client has connected, before the greeting; an error refuses the client.
    pub const fn connect() -> Self {
        Self::command(Verb::CONNECT)
    }

    /// When a session ends, for any reason.
    pub const fn exit() -> Self {
        Self::command(Verb::EXIT)
    }
}

/// The result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Continue with the next module.
    Next,
    /// This phase is done; no further module is called.
    Done,
    /// Call `wait`.
    Wait,
}

impl Output for Step {}
