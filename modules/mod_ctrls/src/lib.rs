//! mod_ctrls: the directives of the control socket, which is the server's, and
//! the actions on actions; what an operator sees of sessions is here too, since
//! it needs no further module. Under ProFTPD that is the scoreboard's.

mod actions;
mod directives;
mod sessions;

use gantry_api::prelude::*;

/// The module.
#[derive(Default)]
pub struct Ctrls;

module! { Ctrls }

control! {
    /// Tells the actions there are, and what they are for.
    "help" "" by ControlsACLs;
    /// Tells the actions there are, and the module of each.
    "lsctrl" "" by ControlsACLs;
    /// Switches actions on again.
    "insctrl" "action|all [module]" by ControlsACLs;
    /// Switches actions off for everybody.
    "rmctrl" "action|all [module]" by ControlsACLs;
    /// Tells who is there, and what they do.
    "who" "" by ControlsACLs;
    /// Tells how many sessions each server has.
    "count" "" by ControlsACLs;
}

#[async_trait]
impl Module for Ctrls {
    async fn control(&self, asked: &Asked<'_>) -> Result<Answer> {
        match asked.action {
            "help" => actions::help(asked).await,
            "lsctrl" => actions::list(asked).await,
            "insctrl" => actions::switch(asked, true).await,
            "rmctrl" => actions::switch(asked, false).await,
            "who" => sessions::who(asked).await,
            _ => sessions::count(asked).await,
        }
    }
}
