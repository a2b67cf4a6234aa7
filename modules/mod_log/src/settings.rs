//! mod_log's directives.

use std::path::PathBuf;

use gantry_api::prelude::*;
use serde::Deserialize;

/// What the configuration says, for one server.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    #[serde(rename = "TransferLog")]
    pub(crate) transfers: Option<PathBuf>,
}

directive! {
    /// The file that gets a line for each transfer and deletion, in the format of xferlog(5), or `NONE`. It is opened
    /// again when the configuration is read again, so that it can be rotated.
    TransferLog "path|NONE" in SERVER | VHOST | GLOBAL, inherits: replace, default: "NONE", parse: parse::path_or_none
}
