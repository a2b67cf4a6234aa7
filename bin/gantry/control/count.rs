//! `gantry count`: the number of sessions.

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value;
use crate::show::Page;
use crate::show::table::{Cell, Column, Table};

/// Counts the sessions of each server and in total.
#[derive(clap::Args, Debug)]
pub struct Count {
    #[command(flatten)]
    common: Common,
}

impl Count {
    pub fn run(&self) -> Result<(), ControlError> {
        self.common.show(&Request::new("count"), |count: value::Count, page| table(&count, page))
    }
}

fn table(count: &value::Count, page: Page) -> String {
    let mut table = Table::new(&[Column::number("SESSIONS"), Column::long("SERVER")]);
    for server in &count.servers {
        table.row([Cell::known(server.sessions), Cell::known(server.name.as_ref())]);
    }
    let most = count.most.map(|most| format!("all, of at most {most}"));
    table.row([Cell::known(count.total), Cell::from(most.unwrap_or_else(|| "all".to_owned()))]);
    table.text(page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_server_has_a_row() {
        let count =
            json!({"total": 12, "most": 30, "servers": [{"name": "A", "sessions": 11}, {"name": "B", "sessions": 1}]});
        let text = table(&value::read("count", &count).unwrap(), Page::PLAIN);
        assert_eq!(text, "SESSIONS  SERVER\n      11  A\n       1  B\n      12  all, of at most 30\n");
    }
}
