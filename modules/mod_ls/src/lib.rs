//! mod_ls: LIST, NLST (RFC 959) and STAT of a path, with the options that clients give as if to ls(1), and patterns.

mod expand;
mod fakes;
mod list;
mod output;
mod settings;
mod sort;
mod stat;
mod walk;
mod zone;

use gantry_api::prelude::*;
use gantry_listing::Names;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Ls {
    names: Names,
}

module! { Ls, settings: Settings, after: ["mod_core", "mod_auth"] }

impl Module for Ls {}
