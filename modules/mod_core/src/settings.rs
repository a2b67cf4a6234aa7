//! Settings of others that this module goes by.

use serde::Deserialize;

/// What other parts' directives say that matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Whether a rename may replace a file, as an upload may (mod_xfer's directive).
    #[serde(rename = "AllowOverwrite")]
    pub(crate) allow_overwrite: bool,
    /// Whom HELP names (the server's directive).
    #[serde(rename = "ServerAdmin")]
    pub(crate) admin: Option<String>,
}
