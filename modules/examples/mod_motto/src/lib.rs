//! mod_motto, an example module: a command, a directive, a limit and a variable, each
//! declared in the file that implements it. `SITE MOTTO` replies with the configured
//! lines for the client's folder.

mod limit;
mod lines;
mod tell;

use gantry_api::prelude::*;

#[derive(Default)]
struct Motto;

module! { Motto, settings: Settings }

settings! {
    /// The settings of one scope; each file has its part.
    struct Settings {
        lines: lines::Lines;
        limit: limit::Limit;
    }
}

impl Module for Motto {}
