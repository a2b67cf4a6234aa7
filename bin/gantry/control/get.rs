//! `gantry get`: the daemon's configuration, or its directives.

use clap::ValueEnum;
use serde::Deserialize;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use crate::show::table::{Cell, Column, Table};
use crate::show::text::visible;

/// Prints the daemon's configuration, or its directives.
#[derive(clap::Args, Debug)]
pub struct Get {
    /// What to print
    what: What,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// The configuration of new sessions
    Config,
    /// The directives of all modules
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

/// A line of a configuration, with spaces for tabs.
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
