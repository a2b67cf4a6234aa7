//! The commands that control a running gantryd over its socket: each runs one
//! action and shows the answer, as a table or unchanged.

mod action;
mod common;
pub mod connection;
mod count;
pub mod error;
mod get;
mod insmod;
mod kick;
mod lsmod;
mod rmmod;
pub mod sessions;
mod settings;
mod shutdown;
mod socket;
mod status;
pub mod top;
pub mod value;
mod who;

use std::process::ExitCode;

use clap::Subcommand;

use self::error::{ControlError, ended};

/// Commands for a running gantryd.
#[derive(Debug, Subcommand)]
pub enum ControlCommand {
    /// List the modules: layout, state, sessions, calls
    Lsmod(lsmod::Lsmod),
    /// Add a module to the running server
    Insmod(insmod::Insmod),
    /// Remove a module from the running server
    Rmmod(rmmod::Rmmod),
    /// Replace a module with another build
    Swap(insmod::Swap),
    /// Reload the configuration and all modules, all or nothing
    Reload(insmod::Reload),
    /// List the sessions
    Who(who::Who),
    /// Show the sessions, refreshed regularly
    Top(top::Top),
    /// Count the sessions
    Count(count::Count),
    /// End sessions by user, host, class or number
    Kick(kick::Kick),
    /// Show the state of the daemon and its servers
    Status(status::Status),
    /// Let a server accept clients again
    Up(status::Up),
    /// Stop a server from accepting clients; running sessions continue
    Down(status::Down),
    /// End the daemon
    Shutdown(shutdown::Shutdown),
    /// Show or set the log's debug level
    Debug(settings::Debug),
    /// Show or set the levels of the log's channels
    Trace(settings::Trace),
    /// Turn look-ups of client names on or off
    Dns(settings::Dns),
    /// Print the daemon's configuration or its directives
    Get(get::Get),
    /// Run any action by name
    Control(action::Control),
    /// List the actions that the daemon knows
    Actions(action::Actions),
}

impl ControlCommand {
    /// Runs it and returns the exit code.
    pub fn run(&self) -> ExitCode {
        ended("gantry", self.act())
    }

    fn act(&self) -> Result<(), ControlError> {
        match self {
            Self::Lsmod(command) => command.run(),
            Self::Insmod(command) => command.run(),
            Self::Rmmod(command) => command.run(),
            Self::Swap(command) => command.run(),
            Self::Reload(command) => command.run(),
            Self::Who(command) => command.run(),
            Self::Top(command) => command.run(),
            Self::Count(command) => command.run(),
            Self::Kick(command) => command.run(),
            Self::Status(command) => command.run(),
            Self::Up(command) => command.run(),
            Self::Down(command) => command.run(),
            Self::Shutdown(command) => command.run(),
            Self::Debug(command) => command.run(),
            Self::Trace(command) => command.run(),
            Self::Dns(command) => command.run(),
            Self::Get(command) => command.run(),
            Self::Control(command) => command.run(),
            Self::Actions(command) => command.run(),
        }
    }
}
