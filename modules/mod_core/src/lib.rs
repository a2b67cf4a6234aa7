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
mod status;

use gantry_api::prelude::*;
use serde::Deserialize;

/// The module.
#[derive(Default)]
pub struct Core;

module! { Core, settings: Settings }

/// What other parts' directives say that matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Whether a rename may replace a file, as an upload may (mod_xfer's directive).
    #[serde(rename = "AllowOverwrite")]
    allow_overwrite: bool,
    /// Whom HELP names (the server's directive).
    #[serde(rename = "ServerAdmin")]
    admin: Option<String>,
}

impl Module for Core {}
