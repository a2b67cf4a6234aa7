//! `gantry lsmod`: the running daemon's modules.

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value::{Module, Modules};
use crate::show::Page;
use crate::show::table::{Cell, Column, Table, Tone};
use crate::show::text::counted;
use crate::show::time::{ago, now};

/// Lists the modules in their order: those that serve new sessions, those that only
/// older sessions still use, and those that failed.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Lsmod {
    /// Also show stamp, file, sha256 and signer
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
SESSIONS counts the sessions that use the module; CALLS is updated when a session
ends; GEN is the generation that introduced the module; FOR is its age.

Examples:
  gantry lsmod -v
  gantry lsmod --json | jq -r '.modules[] | select(.state == \"failed\") | .name'";

impl Lsmod {
    pub fn run(&self) -> Result<(), ControlError> {
        self.common.show(&Request::new("lsmod"), |modules: Modules, page| table(&modules, self.verbose, now(), page))
    }
}

fn table(modules: &Modules, verbose: bool, now: i64, page: Page) -> String {
    let mut table = Table::new(&[
        Column::text("MODULE"),
        Column::text("VERSION"),
        Column::text("LAYOUT"),
        Column::number("GEN"),
        Column::number("SESSIONS"),
        Column::number("CALLS"),
        Column::number("PANICS"),
        Column::number("FOR"),
        Column::long("STATE"),
    ]);
    for module in &modules.modules {
        let panics = module.panics.unwrap_or(0);
        table.row([
            Cell::known(module.name.as_ref()),
            Cell::known(module.version.as_ref()),
            Cell::known(module.layout.as_ref()),
            Cell::known(module.generation),
            Cell::known(module.sessions),
            Cell::known(module.calls),
            Cell::toned(&panics.to_string(), if panics > 0 { Tone::Wrong } else { Tone::Plain }),
            Cell::known(module.since.map(|since| ago(since, now))),
            state(module),
        ]);
        if verbose {
            let stamp = module.stamp.as_ref().map(|stamp| ("stamp", stamp));
            let file = module.file.as_ref().map(|file| ("file", file));
            let digest = module.sha256.as_ref().map(|digest| ("sha256", digest));
            let signer = module.signer.as_ref().map(|signer| ("signer", signer));
            [stamp, file, digest, signer].into_iter().flatten().for_each(|(name, value)| table.note(name, value));
        }
    }
    table.text(page)
}

fn state(module: &Module) -> Cell {
    let (name, sessions) = (module.state.as_deref().unwrap_or("-"), module.sessions.unwrap_or(0));
    let (text, tone) = match name {
        "retiring" => (format!("retiring with {}", counted(sessions, "session")), Tone::Passing),
        "retired" if module.mapped == Some(true) => ("retired, mapped".to_owned(), Tone::Passing),
        "retired" => ("retired, gone".to_owned(), Tone::Passing),
        "failed" => ("failed".to_owned(), Tone::Wrong),
        other => (other.to_owned(), Tone::Plain),
    };
    let reason = module.reason.as_deref().filter(|reason| !reason.is_empty());
    Cell::toned(&reason.map_or(text.clone(), |reason| format!("{text}: {reason}")), tone)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::value;

    #[test]
    fn each_state_is_told() {
        let modules = json!({"generation": 3, "modules": [
            {"name": "mod_core", "version": "0.1.0", "layout": "linked", "order": 0, "state": "active", "sessions": 2,
             "mapped": true, "reason": null, "stamp": "3f9c", "file": null, "sha256": null, "signer": null,
             "generation": 1, "since": 100, "panics": 0, "calls": 12},
            {"name": "mod_x", "version": "1.0.0", "layout": "loaded", "order": null, "state": "retiring", "sessions": 1,
             "mapped": true, "file": "/l/mod_x.so", "generation": 1, "since": 940, "panics": 2, "calls": 0},
            {"name": "mod_x", "layout": "loaded", "state": "retired", "mapped": true},
            {"name": "mod_y", "layout": "loaded", "state": "failed", "reason": "it panicked\u{1b} 10 times"},
        ]});
        let modules = value::read("lsmod", &modules).unwrap();
        let text = table(&modules, true, 1000, Page::PLAIN);
        let expected = "\
MODULE    VERSION  LAYOUT  GEN  SESSIONS  CALLS  PANICS     FOR  STATE
mod_core  0.1.0    linked    1         2     12       0  15m00s  active
    stamp: 3f9c
mod_x     1.0.0    loaded    1         1      0       2   1m00s  retiring with 1 session
    file: /l/mod_x.so
mod_x     -        loaded    -         -      -       0       -  retired, mapped
mod_y     -        loaded    -         -      -       0       -  failed: it panicked\\x1b 10 times
";
        assert_eq!(text, expected);
        let narrow = table(&modules, false, 1000, Page { width: Some(80), colour: false });
        assert!(narrow.lines().all(|line| crate::show::text::width(line) <= 80), "{narrow}");
    }
}
