//! gantry as an operator uses it, with a server that has a control socket.

use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::Value;

use crate::config::Config;
use crate::layout::Layout;
use crate::operator::let_operators_in;
use crate::process::{Done, run};
use crate::server::Server;

/// A server with a control socket where everybody may do everything.
pub fn operated_with(layout: Layout, change: impl FnOnce(&mut Config)) -> Server {
    Server::with(layout, |config| {
        config.add("LoadModule", "mod_ctrls_admin.c");
        let_operators_in(config);
        change(config);
    })
}

/// The same, without other changes.
pub fn operated(layout: Layout) -> Server {
    operated_with(layout, |_| {})
}

/// Runs gantry, or one of its other names, for a server.
pub fn named(server: &Server, layout: Layout, name: &str, words: &[&str]) -> Done {
    let mut command = Command::new(layout.prefix().join("bin/gantry"));
    command.arg0(name).args(words).env("GANTRY_ControlsSocket", server.var("control.sock"));
    run(&mut command, "")
}

/// Runs gantry for a server.
pub fn gantry(server: &Server, layout: Layout, words: &[&str]) -> Done {
    named(server, layout, "gantry", words)
}

/// The output of a command.
///
/// # Panics
/// If it fails.
#[track_caller]
pub fn told(server: &Server, layout: Layout, words: &[&str]) -> String {
    gantry(server, layout, words).ok().out
}

/// The JSON output of a command, which is one line.
///
/// # Panics
/// If it fails, or prints something else.
#[track_caller]
pub fn json(server: &Server, layout: Layout, words: &[&str]) -> Value {
    let text = told(server, layout, &[words, &["--json"]].concat());
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{words:?}: {error}: {text}"))
}
