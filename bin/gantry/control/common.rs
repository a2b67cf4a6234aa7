//! Shared by the commands: how to reach the daemon, and how to show its answer.

use std::path::PathBuf;

use clap::ValueHint;
use serde::de::DeserializeOwned;

use super::connection::{Daemon, Request};
use super::error::ControlError;
use super::value;
use crate::show::{self, Page, text};

/// How to reach the daemon, and how to show its answer.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Common {
    /// The daemon's control socket [default: $GANTRY_ControlsSocket, or this build's]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// Print the result as a JSON document
    #[arg(long)]
    pub json: bool,
}

impl Common {
    /// The daemon.
    pub fn daemon(&self) -> Result<Daemon, ControlError> {
        Daemon::find(self.socket.as_deref())
    }

    /// Runs an action and shows its value: as JSON, or laid out by `table`.
    pub fn show<T: DeserializeOwned>(
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

    /// Runs an action and shows the lines of its answer.
    pub fn lines(&self, request: &Request) -> Result<(), ControlError> {
        let answer = self.daemon()?.ask(request)?;
        if self.json {
            return Ok(show::print(&show::document(&answer.value))?);
        }
        Ok(show::print(&lines(&answer.lines))?)
    }
}

/// The lines of an answer, escaped for a terminal.
fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| text::visible_lines(line) + "\n").collect()
}
