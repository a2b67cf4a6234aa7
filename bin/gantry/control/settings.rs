//! `gantry debug`, `trace` and `dns`: settings that you can change while the daemon
//! runs.

use clap::ValueEnum;
use serde::Deserialize;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value::Channels;
use crate::show::Page;
use crate::show::table::{Cell, Column, Table};

/// Shows or sets the debug level of the daemon's log.
#[derive(clap::Args, Debug)]
pub struct Debug {
    /// The new level, from 0 to 10
    #[arg(value_parser = clap::value_parser!(u8).range(0..=10))]
    level: Option<u8>,
    #[command(flatten)]
    common: Common,
}

/// Shows or sets the levels of the log's channels.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  gantry trace mod_sql:10 dns:0")]
pub struct Trace {
    /// Channels and their new levels
    #[arg(value_name = "CHANNEL:LEVEL")]
    channels: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Turns look-ups of client names on or off, until the next reload.
#[derive(clap::Args, Debug)]
pub struct Dns {
    /// Whether to look up names
    state: Switch,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Level {
    level: Option<i64>,
}

impl Debug {
    pub fn run(&self) -> Result<(), ControlError> {
        let request = Request::new("debug").word("level").words(self.level);
        self.common.show(&request, |level: Level, _| {
            let level = level.level.map_or_else(|| "unknown".to_owned(), |level| level.to_string());
            format!("debug level {level}\n")
        })
    }
}

impl Trace {
    pub fn run(&self) -> Result<(), ControlError> {
        let request = Request::new("trace");
        let request = if self.channels.is_empty() { request.word("info") } else { request.words(&self.channels) };
        self.common.show(&request, |channels: Channels, page| table(&channels, page))
    }
}

impl Dns {
    pub fn run(&self) -> Result<(), ControlError> {
        let state = match self.state {
            Switch::On => "on",
            Switch::Off => "off",
        };
        self.common.lines(&Request::new("dns").word(state))
    }
}

fn table(channels: &Channels, page: Page) -> String {
    let mut table = Table::new(&[Column::text("CHANNEL"), Column::number("LEVEL")]);
    for channel in &channels.channels {
        let level = channel.level.as_str().map_or_else(|| channel.level.to_string(), str::to_owned);
        table.row([Cell::known(channel.channel.as_ref()), Cell::from(level)]);
    }
    table.text(page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::value;

    #[test]
    fn channels_have_a_row_each() {
        let channels = json!({"channels": [{"channel": "mod_sql", "level": 10}, {"channel": "dns", "level": "0"}]});
        let text = table(&value::read("trace", &channels).unwrap(), Page::PLAIN);
        assert_eq!(text, "CHANNEL  LEVEL\nmod_sql     10\ndns          0\n");
    }
}
