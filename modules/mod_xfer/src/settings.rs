//! mod_xfer's directives.

use gantry_api::Type;
use gantry_api::Value;
use gantry_api::prelude::*;
use serde::Deserialize;

use crate::rate::Rates;
use crate::size::Sizes;
use crate::transfers::Limits;

settings! {
    /// What the configuration says, for one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether an upload or a rename may replace a file.
        pub(crate) overwrite: bool = AllowOverwrite "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether uploads may be resumed (REST before STOR) and files be appended to (APPE).
        pub(crate) store_restart: bool = AllowStoreRestart "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether downloads may be resumed (REST before RETR).
        pub(crate) retrieve_restart: bool = AllowRetrieveRestart "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "on", parse: parse::on_off;
        /// Whether a file is removed when its upload breaks off.
        pub(crate) delete_aborted: bool = DeleteAbortedStores "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The type in which a session begins, until the client chooses another by TYPE.
        pub(crate) mode: Mode = DefaultTransferMode "ascii|binary" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "ascii", parse: mode;
        pub(crate) rates: Rates;
        pub(crate) sizes: Sizes;
        pub(crate) transfers: Limits;
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

fn mode(words: &[&str]) -> std::result::Result<Value, String> {
    let word = parse::one(words)?.to_ascii_lowercase();
    match word.as_str() {
        "ascii" | "binary" => Ok(Value::Text(word)),
        _ => Err(format!("expected 'ascii' or 'binary', found '{word}'")),
    }
}
