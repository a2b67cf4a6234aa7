//! `gantry status`, `up` and `down`: the configured servers, and whether they accept
//! clients.

use std::net::SocketAddr;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value::{self, Server};
use crate::show::Page;
use crate::show::table::{Cell, Column, Table, Tone};
use crate::show::text::visible;
use crate::show::time::{ago, local, now};

/// Shows the state of the daemon, and which of its servers accept clients.
#[derive(clap::Args, Debug)]
pub struct Status {
    /// The address of one server, optionally with #PORT [default: all]
    address: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Lets a server accept clients again after `down`. A reload does this for all servers.
#[derive(clap::Args, Debug)]
pub struct Up {
    /// The server's address, optionally with #PORT, or all
    address: String,
    #[command(flatten)]
    common: Common,
}

/// Stops a server from accepting clients; its running sessions continue.
#[derive(clap::Args, Debug)]
pub struct Down {
    /// The server's address, optionally with #PORT, or all
    address: String,
    #[command(flatten)]
    common: Common,
}

impl Status {
    pub fn run(&self) -> Result<(), ControlError> {
        let request = Request::new("status").words(self.address.as_deref().map(server));
        self.common.show(&request, |status: value::Status, page| text(&status, now(), page))
    }
}

impl Up {
    pub fn run(&self) -> Result<(), ControlError> {
        self.common.lines(&Request::new("up").word(server(&self.address)))
    }
}

impl Down {
    pub fn run(&self) -> Result<(), ControlError> {
        self.common.lines(&Request::new("down").word(server(&self.address)))
    }
}

/// An address as actions take it: `address:port`, which status shows, becomes
/// `address#port`.
fn server(text: &str) -> String {
    let address = text.parse::<SocketAddr>();
    address.map_or_else(|_| text.to_owned(), |address| format!("{}#{}", address.ip(), address.port()))
}

fn text(status: &value::Status, now: i64, page: Page) -> String {
    let mut text = String::new();
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text += &format!("{name:11} {}\n", visible(&value));
        }
    };
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    say("version", status.version.clone());
    say("stamp", status.stamp.clone());
    say("process", number(status.pid));
    say("keeper", status.keeper.clone());
    let started = |at| format!("{} ({} ago)", local(at, "%Y-%m-%d %H:%M:%S"), ago(at, now));
    say("started", status.started.map(started));
    say("generation", number(status.generation));
    say("reloads", number(status.restarts));
    say("sessions", number(status.sessions));
    if !text.is_empty() {
        text.push('\n');
    }
    text + &servers(&status.servers, page)
}

fn servers(servers: &[Server], page: Page) -> String {
    let columns =
        [Column::text("STATE"), Column::number("SESSIONS"), Column::long("ADDRESSES"), Column::long("SERVER")];
    let mut table = Table::new(&columns);
    for server in servers {
        let state = match server.up {
            Some(true) => Cell::from("up"),
            Some(false) => Cell::toned("down", Tone::Wrong),
            None => Cell::from("-"),
        };
        let addresses = server.addresses.as_ref().map(|addresses| addresses.join(" "));
        table.row([state, Cell::known(server.sessions), Cell::known(addresses), Cell::known(server.name.as_ref())]);
    }
    table.text(page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_may_be_written_as_it_is_shown() {
        for (given, sent) in [
            ("127.0.0.1:2121", "127.0.0.1#2121"),
            ("[::1]:21", "::1#21"),
            ("::1", "::1"),
            ("host#21", "host#21"),
            ("all", "all"),
        ] {
            assert_eq!(server(given), sent);
        }
    }

    #[test]
    fn the_daemon_comes_first_then_its_servers() {
        let status = json!({"pid": 7, "keeper": "process 8, root", "version": "0.1.0", "stamp": "3f9c", "started": null, "generation": 2,
            "restarts": 1, "sessions": 3, "servers": [{"name": "A", "addresses": ["127.0.0.1:21", "[::1]:21"],
            "up": true, "sessions": 3}, {"name": "B", "addresses": [], "up": false, "sessions": 0}]});
        let text = text(&value::read("status", &status).unwrap(), 0, Page::PLAIN);
        let expected = "\
version     0.1.0
stamp       3f9c
process     7
keeper      process 8, root
generation  2
reloads     1
sessions    3

STATE  SESSIONS  ADDRESSES              SERVER
up            3  127.0.0.1:21 [::1]:21  A
down          0                         B
";
        assert_eq!(text, expected);
    }
}
