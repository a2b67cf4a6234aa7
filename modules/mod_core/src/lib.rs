//! mod_core: the commands of a session that belong to no transfer, listing or login (RFC 959, 1123, 2389, 2428, 3659).
//! Each file here declares one kind of them.

mod addresses;
mod directories;
mod features;
mod files;
mod help;
mod mode;
mod parameters;
mod session;
mod settings;
mod status;

use gantry_api::prelude::*;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Core;

module! { Core, settings: Settings }

impl Module for Core {}
