//! mod_xfer: RETR, STOR, APPE and STOU (RFC 959), with REST in streams (RFC 3659 section 5), at most so fast and so large.

mod rate;
mod restart;
mod retrieve;
mod settings;
mod shown;
mod size;
mod store;
mod transfers;
mod unique;
mod whom;

use gantry_api::prelude::*;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Xfer;

module! { Xfer, settings: Settings, after: ["mod_core", "mod_auth"] }

impl Module for Xfer {}

hook! {
    connect, at_once: begin;
}

fn begin(at: &mut Moment<'_>) -> Result<Step> {
    at.dialogue.kind = at.settings::<Settings>().mode.kind();
    Ok(Step::Next)
}
