//! `gantry control` and `actions`: run and list all actions of the daemon's modules.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::ValueHint;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value::Action;
use crate::show::Page;
use crate::show::table::{Cell, Column, Table, Tone};

/// Runs any action, including those of third-party modules, and prints the lines
/// of its answer.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Control {
    #[command(flatten)]
    common: Common,
    /// A file with text to send along; - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    input: Option<PathBuf>,
    /// The action's name, as `gantry actions` lists it
    action: String,
    /// The action's arguments; they may start with a hyphen
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

const EXAMPLES: &str = "\
Put gantry's options before the action; everything after it belongs to the action.

Examples:
  gantry control restart count
  gantry control --json lsmod
  gantry control rmctrl shutdown";

/// Lists the actions that the daemon knows.
#[derive(clap::Args, Debug)]
pub struct Actions {
    #[command(flatten)]
    common: Common,
}

impl Control {
    pub fn run(&self) -> Result<(), ControlError> {
        let input = self.input.as_ref().map(|file| match file.as_os_str() == "-" {
            true => io::read_to_string(io::stdin().lock().take(1 << 20)),
            false => fs::read_to_string(file),
        });
        let input =
            input.transpose().map_err(|error| ControlError::Input(self.input.clone().unwrap_or_default(), error))?;
        self.common.lines(&Request { input, ..Request::new(&self.action).words(&self.words) })
    }
}

impl Actions {
    pub fn run(&self) -> Result<(), ControlError> {
        self.common.show(&Request::new("help"), |actions: Vec<Action>, page| table(&actions, page))
    }
}

fn table(actions: &[Action], page: Page) -> String {
    let columns = [Column::long("ACTION"), Column::text("MODULE"), Column::text("STATE"), Column::long("WHAT IT DOES")];
    let mut table = Table::new(&columns);
    for action in actions {
        let state = match action.enabled {
            Some(false) => Cell::toned("off", Tone::Passing),
            _ => Cell::from("on"),
        };
        table.row([
            Cell::from(call(action)),
            Cell::known(action.module.as_ref()),
            state,
            Cell::known(action.help.as_ref()),
        ]);
    }
    table.text(page)
}

/// The action's syntax.
fn call(action: &Action) -> String {
    let (name, syntax) = (action.action.as_deref().unwrap_or("-"), action.syntax.as_deref().unwrap_or_default());
    if syntax.split(' ').next() == Some(name) {
        syntax.to_owned()
    } else {
        format!("{name} {syntax}").trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        control: Control,
    }

    #[test]
    fn words_after_the_action_belong_to_it() {
        let control = Line::parse_from(["gantry", "--json", "kick", "host", "-n", "3", "--json", "x"]).control;
        assert!(control.common.json);
        assert_eq!((control.action.as_str(), control.words.join(" ")), ("kick", "host -n 3 --json x".to_owned()));
    }

    #[test]
    fn actions_have_a_row_each() {
        let action = |name: &str, enabled| Action {
            action: Some(name.to_owned()),
            module: Some("mod_ctrls".to_owned()),
            syntax: Some("WORD".to_owned()),
            help: Some("what it is for".to_owned()),
            enabled,
        };
        let text = table(&[action("help", Some(true)), action("dns", Some(false))], Page::PLAIN);
        let expected = "ACTION     MODULE     STATE  WHAT IT DOES\nhelp WORD  mod_ctrls  on     what it is for\n\
                        dns WORD   mod_ctrls  off    what it is for\n";
        assert_eq!(text, expected);
    }
}
