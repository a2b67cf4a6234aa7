//! mod_facts's directives.

use gantry_api::prelude::*;
use serde::Deserialize;

/// What the configuration says, for one scope.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Whether FEAT tells of MLST.
    #[serde(rename = "FactsAdvertise")]
    pub(crate) advertise: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { advertise: true }
    }
}

directive! {
    /// Whether FEAT tells of MLST and MLSD, so that clients use them rather than LIST. Clients that expect patterns to
    /// work there need it off.
    FactsAdvertise "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, default: "on", parse: parse::on_off
}
