//! `gantry get`: what the daemon has for a configuration, and which directives.

use clap::ValueEnum;
use serde::Deserialize;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use crate::show::table::{Cell, Column, Table};
use crate::show::text::visible;

/// Prints what the daemon is configured with, or could be.
#[derive(clap::Args, Debug)]
pub struct Get {
    /// What of it
    what: What,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// The configuration that new sessions have
    Config,
    /// The directives of all modules that are there
    Directives,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Text {
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Directive {
    directive: Option<String>,
    module: Option<String>,
}

impl Get {
    pub fn run(&self) -> Result<(), ControlError> {
        let request = Request::new("get");
        match self.what {
            What::Config => self.common.show(&request.word("config"), |config: Text, _| {
                let text = config.text.unwrap_or_default();
                text.lines().map(|line| indented(line) + "\n").collect()
            }),
            What::Directives => self.common.show(&request.word("directives"), |directives: Vec<Directive>, page| {
                let mut table = Table::new(&[Column::text("DIRECTIVE"), Column::text("MODULE")]);
                for directive in &directives {
                    table.row([Cell::known(directive.directive.as_ref()), Cell::known(directive.module.as_ref())]);
                }
                table.text(page)
            }),
        }
    }
}

/// A line of a configuration, whose tabs are spaces.
fn indented(line: &str) -> String {
    visible(&line.replace('\t', "    ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_keeps_its_look() {
        assert_eq!(indented("\t<Limit ALL>\x1b"), "    <Limit ALL>\\x1b");
    }
}
