//! The commands that speak with a running gantryd over its control socket: each
//! asks for one action and shows the answer, as a table or as it came.

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

/// What a running gantryd can be asked for.
#[derive(Debug, Subcommand)]
pub enum ControlCommand {
    /// List the modules: layout, state, sessions, calls
    Lsmod(lsmod::Lsmod),
    /// Take a module into the running server
    Insmod(insmod::Insmod),
    /// Take a module out of the running server
    Rmmod(rmmod::Rmmod),
    /// Put another build of a module in its place
    Swap(insmod::Swap),
    /// Read the configuration and all modules anew, all or nothing
    Reload(insmod::Reload),
    /// List the sessions
    Who(who::Who),
    /// Show the sessions, again and again
    Top(top::Top),
    /// Count the sessions
    Count(count::Count),
    /// End sessions of users, hosts, classes, or by number
    Kick(kick::Kick),
    /// Tell how the daemon and its servers are
    Status(status::Status),
    /// Accept clients again at a server that was taken down
    Up(status::Up),
    /// Accept no more clients at a server; sessions go on
    Down(status::Down),
    /// End the daemon
    Shutdown(shutdown::Shutdown),
    /// Tell or set the debug level of the log
    Debug(settings::Debug),
    /// Tell or set the levels of the log's channels
    Trace(settings::Trace),
    /// Turn the look-up of clients' names on or off
    Dns(settings::Dns),
    /// Print the configuration or the directives that the daemon has
    Get(get::Get),
    /// Ask for any action, by name
    Control(action::Control),
    /// List the actions that the daemon knows
    Actions(action::Actions),
}

impl ControlCommand {
    /// Does it; the exit code.
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
