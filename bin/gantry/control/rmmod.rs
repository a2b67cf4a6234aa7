//! `gantry rmmod`: removes a module from the running server, at once or after a time.

use std::thread;
use std::time::Duration;

use super::common::Common;
use super::connection::{Daemon, Request};
use super::error::ControlError;
use super::value::{self, ChangeReply, Modules};
use crate::show::text::counted;
use crate::show::text::{visible, visible_lines};
use crate::show::time::Span;
use crate::show::{self};

/// The pause between checks whether a module has stopped.
const PAUSE: Duration = Duration::from_millis(200);

/// Removes a module from the running server: new sessions run without it, and it
/// stops when the last session that uses it ends. Refused if another module needs it.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Rmmod {
    /// The module's name, such as mod_x or mod_x.c
    module: String,
    /// End its sessions with a 421 reply after this time, such as 30s or 5m
    #[arg(long, value_name = "TIME", conflicts_with = "now")]
    drain: Option<Span>,
    /// End its sessions at once
    #[arg(long)]
    now: bool,
    /// Wait until the module has stopped
    #[arg(short, long)]
    wait: bool,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  gantry rmmod mod_greet
  gantry rmmod mod_sql --drain 5m --wait";

impl Rmmod {
    pub fn run(&self) -> Result<(), ControlError> {
        let mut daemon = self.common.daemon()?;
        let request = self.request();
        let answer = daemon.ask(&request)?;
        let changed: ChangeReply = value::read(&request.action, &answer.value)?;
        let name = changed.module.clone().unwrap_or_else(|| plain_name(&self.module).to_owned());
        if !self.common.json {
            for notice in changed.notices.iter().flatten() {
                eprintln!("gantry: note: {}", visible_lines(notice));
            }
            show::print(&told(&name, &changed))?;
        }
        if self.wait {
            gone(&mut daemon, &name)?;
        }
        match (self.common.json, self.wait) {
            (true, _) => Ok(show::print(&show::document(&answer.value))?),
            (false, true) => Ok(show::print(&format!("{} has stopped\n", visible(&name)))?),
            (false, false) => Ok(()),
        }
    }

    fn request(&self) -> Request {
        let request = Request::new("rmmod").word(&self.module);
        match self.drain {
            Some(Span(seconds)) => request.word("drain").word(seconds),
            None if self.now => request.word("now"),
            None => request,
        }
    }
}

fn told(name: &str, changed: &ChangeReply) -> String {
    let name = visible(name);
    match changed.sessions {
        Some(0) | None => format!("{name} removed\n"),
        Some(1) => format!("{name} removed for new sessions; 1 session still uses it\n"),
        Some(number) => format!("{name} removed for new sessions; {} still use it\n", counted(number, "session")),
    }
}

/// Waits until the module is neither active nor retiring.
fn gone(daemon: &mut Daemon, name: &str) -> Result<(), ControlError> {
    let request = Request::new("lsmod");
    loop {
        let answer = daemon.ask_again(&request)?;
        if !is_there(&value::read(&request.action, &answer.value)?, name) {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
}

fn is_there(modules: &Modules, name: &str) -> bool {
    modules.modules.iter().any(|module| {
        module.name.as_deref().map(plain_name) == Some(plain_name(name))
            && !matches!(module.state.as_deref(), Some("retired" | "failed"))
    })
}

fn plain_name(name: &str) -> &str {
    name.strip_suffix(".c").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_module_has_gone_when_it_neither_serves_nor_retires() {
        let listed = |state: &str| {
            value::read("lsmod", &json!({"modules": [{"name": "mod_x", "state": state}, {"name": "mod_y"}]})).unwrap()
        };
        let there = |state: &str| is_there(&listed(state), "mod_x.c");
        assert_eq!(["active", "retiring", "retired", "failed"].map(there), [true, true, false, false]);
        assert!(!is_there(&listed("active"), "mod_z"));
    }

    #[test]
    fn the_words_say_how_fast() {
        let rmmod = |drain, now| Rmmod { module: "mod_x".into(), drain, now, wait: false, common: Common::default() };
        assert_eq!(rmmod(Some(Span(300)), false).request().arguments, ["mod_x", "drain", "300"]);
        assert_eq!(rmmod(None, true).request().arguments, ["mod_x", "now"]);
        assert_eq!(rmmod(None, false).request().arguments, ["mod_x"]);
        let changed = ChangeReply { sessions: Some(2), ..ChangeReply::default() };
        assert_eq!(told("mod_x", &changed), "mod_x removed for new sessions; 2 sessions still use it\n");
    }
}
