//! mod_xfer's directives.

use gantry_api::Type;
use gantry_api::Value;
use gantry_api::prelude::*;
use serde::Deserialize;

use crate::rate::Rate;
use crate::size::Size;

/// What the configuration says, for one scope.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    #[serde(rename = "AllowOverwrite")]
    pub(crate) overwrite: bool,
    #[serde(rename = "AllowStoreRestart")]
    pub(crate) store_restart: bool,
    #[serde(rename = "AllowRetrieveRestart")]
    pub(crate) retrieve_restart: bool,
    #[serde(rename = "DeleteAbortedStores")]
    pub(crate) delete_aborted: bool,
    #[serde(rename = "DefaultTransferMode")]
    pub(crate) mode: Mode,
    #[serde(rename = "TransferRate", deserialize_with = "as_one")]
    pub(crate) rates: Vec<Vec<Rate>>,
    #[serde(rename = "MaxStoreFileSize", deserialize_with = "as_one")]
    pub(crate) store_size: Vec<Vec<Size>>,
    #[serde(rename = "MaxRetrieveFileSize", deserialize_with = "as_one")]
    pub(crate) retrieve_size: Vec<Vec<Size>>,
}

/// All lines as those of one section.
fn as_one<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(lines: D) -> Result<Vec<Vec<T>>, D::Error> {
    Vec::deserialize(lines).map(|lines| vec![lines])
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            overwrite: false,
            store_restart: false,
            retrieve_restart: true,
            delete_aborted: false,
            mode: Mode::Ascii,
            rates: Vec::new(),
            store_size: Vec::new(),
            retrieve_size: Vec::new(),
        }
    }
}

/// DefaultTransferMode's words.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// `ascii`
    Ascii,
    /// `binary`
    Binary,
}

impl Mode {
    /// The representation type that it stands for.
    pub(crate) fn kind(self) -> Type {
        match self {
            Self::Ascii => Type::Ascii,
            Self::Binary => Type::Image,
        }
    }
}

directive! {
    /// Whether an upload or a rename may replace a file.
    AllowOverwrite "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, default: "off", parse: parse::on_off
}

directive! {
    /// Whether uploads may be resumed (REST before STOR) and files be appended to (APPE).
    AllowStoreRestart "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, default: "off", parse: parse::on_off
}

directive! {
    /// Whether downloads may be resumed (REST before RETR).
    AllowRetrieveRestart "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, default: "on", parse: parse::on_off
}

directive! {
    /// Whether a file is removed when its upload breaks off.
    DeleteAbortedStores "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, default: "off", parse: parse::on_off
}

directive! {
    /// The type in which a session begins, until the client chooses another by TYPE.
    DefaultTransferMode "ascii|binary" in SERVER | VHOST | GLOBAL, inherits: replace, default: "ascii", parse: mode
}

fn mode(words: &[&str]) -> std::result::Result<Value, String> {
    let word = parse::one(words)?.to_ascii_lowercase();
    match word.as_str() {
        "ascii" | "binary" => Ok(Value::Text(word)),
        _ => Err(format!("expected 'ascii' or 'binary', found '{word}'")),
    }
}
