//! mod_ctrls: the directives of the control socket, which the server provides, and the
//! actions about actions. It also lists sessions, which in ProFTPD the scoreboard does.

mod actions;
mod directives;
mod sessions;

use gantry_api::prelude::*;

/// The module.
#[derive(Default)]
pub struct Ctrls;

module! { Ctrls }

control! {
    /// Lists all actions with a description.
    "help" "" by ControlsACLs;
    /// Lists all actions with their modules.
    "lsctrl" "" by ControlsACLs;
    /// Enables actions again.
    "insctrl" "action|all [module]" by ControlsACLs;
    /// Disables actions for everyone.
    "rmctrl" "action|all [module]" by ControlsACLs;
    /// Lists the sessions and what they are doing.
    "who" "" by ControlsACLs;
    /// Counts the sessions of each server.
    "count" "" by ControlsACLs;
}

#[async_trait]
impl Module for Ctrls {
    async fn control(&self, request: &ControlRequest<'_>) -> Result<Answer> {
        match request.action {
            "help" => actions::help(request).await,
            "lsctrl" => actions::list(request).await,
            "insctrl" => actions::switch(request, true).await,
            "rmctrl" => actions::switch(request, false).await,
            "who" => sessions::who(request).await,
            _ => sessions::count(request).await,
        }
    }
}
