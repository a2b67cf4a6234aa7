//! The commands that speak with a running gantryd over its control socket: each
//! asks for one action and shows the answer, as a table or as it came.

mod action;
mod connection;
mod count;
mod error;
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

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueHint};
use serde::de::DeserializeOwned;

pub use self::connection::{Daemon, Request};
pub use self::error::{ControlError, Reason, plain};
use crate::show::{self, Page, text};

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

/// How to reach the daemon, and how to show its answer.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Common {
    /// The daemon's control socket [default: $GANTRY_ControlsSocket, or that of this build]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// Print the answer's value as one JSON document
    #[arg(long)]
    pub json: bool,
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

/// The exit code of a command, whose fault is told.
pub fn ended(name: &str, done: Result<(), ControlError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::from(error.code())
        }
    }
}

impl Common {
    /// The daemon.
    pub fn daemon(&self) -> Result<Daemon, ControlError> {
        Daemon::find(self.socket.as_deref())
    }

    /// Asks for an action and shows its value, by `table` for people.
    fn show<T: DeserializeOwned>(
        &self,
        request: &Request,
        table: impl FnOnce(T, Page) -> String,
    ) -> Result<(), ControlError> {
        let answer = self.daemon()?.ask(request)?;
        if self.json {
            return Ok(show::print(&show::document(&answer.value))?);
        }
        Ok(show::print(&table(value::read(&request.action, &answer.value)?, Page::of_output()))?)
    }

    /// Asks for an action and shows the lines of its answer.
    fn lines(&self, request: &Request) -> Result<(), ControlError> {
        let answer = self.daemon()?.ask(request)?;
        if self.json {
            return Ok(show::print(&show::document(&answer.value))?);
        }
        Ok(show::print(&lines(&answer.lines))?)
    }
}

/// Lines of an answer, fit for a terminal.
fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| text::visible_lines(line) + "\n").collect()
}

/// `1 session`, `2 sessions`.
fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
