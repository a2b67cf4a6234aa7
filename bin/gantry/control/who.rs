//! `gantry who`: lists the sessions, once or repeatedly.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::Duration;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::sessions;
use super::value;
use crate::show::time::{Span, now};
use crate::show::{self, Page, screen};

/// Lists the sessions: user, client, time and activity.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Who {
    /// Also show addresses, server, folder, class and transfer
    #[arg(short, long)]
    verbose: bool,
    /// Repeat the list, every 2 seconds by default
    #[arg(short, long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", require_equals = false)]
    watch: Option<Span>,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
CONNECTED is the age of the session; FOR is how long it has been in its current state.
`gantry kick session ID` ends a session.

Examples:
  gantry who -v
  gantry who --watch 5
  gantry who --watch --json | jq -c '.sessions | length'";

impl Who {
    pub fn run(&self) -> Result<(), ControlError> {
        let (mut daemon, request) = (self.common.daemon()?, Request::new("who"));
        let mut answer = daemon.ask(&request)?;
        loop {
            let text = if self.common.json {
                let document = show::document(&answer.value);
                // One document per line, for programs that read them one by one.
                if self.watch.is_some() { document.replace('\n', "") + "\n" } else { document }
            } else {
                let who: value::Who = value::read("who", &answer.value)?;
                sessions::who(&who, self.verbose, now(), Page::of_output())
            };
            if self.watch.is_some() && !self.common.json && io::stdout().is_terminal() {
                screen::clear()?;
            }
            show::print(&text)?;
            let Some(Span(seconds)) = self.watch else { return Ok(()) };
            thread::sleep(Duration::from_secs(seconds.max(1)));
            answer = daemon.ask_again(&request)?;
        }
    }
}
