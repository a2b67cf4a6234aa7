//! mod_xfer's directives.

use gantry_api::prelude::*;
use gantry_api::{ParseError, Type, Value};
use gantry_display::Facts;
use serde::Deserialize;

use crate::hidden::{self, Affixes};
use crate::rate::Rates;
use crate::size::Sizes;
use crate::transfers::Limits;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether an upload or a rename may replace a file.
        pub(crate) overwrite: bool = AllowOverwrite "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether clients may resume uploads (REST before STOR) and append to files (APPE).
        pub(crate) store_restart: bool = AllowStoreRestart "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether clients may resume downloads (REST before RETR).
        pub(crate) retrieve_restart: bool = AllowRetrieveRestart "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "on", parse: parse::on_off;
        /// Whether a file is deleted if its upload is aborted. By default only where `HiddenStores` is on.
        pub(crate) delete_aborted: Option<bool> = DeleteAbortedStores "on|off"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, parse: parse::on_off;
        /// Gives uploads (STOR) another name until they are complete: with `on`, `.in.` and `.` around the file's own name. Or your
        /// own prefix and suffix; a prefix alone is put between dots (`.prefix.name.`). If a file has that name already, uploads
        /// are refused, and so is resuming them (REST).
        pub(crate) hidden: Option<Affixes> = HiddenStores "on|off|prefix [suffix]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY, inherits: replace, parse: hidden::affixes;
        /// The transfer type at the start of a session, until the client changes it with TYPE.
        pub(crate) mode: Mode = DefaultTransferMode "ascii|binary" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "ascii", parse: mode;
        /// How the names begin that STOU makes up.
        pub(crate) prefix: String = StoreUniquePrefix "prefix" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "ftp", parse: prefix;
        /// `IgnoreASCII` moves files as they are in TYPE A, too. `AllowSymlinkUpload` changes nothing: uploads follow links
        /// inside the session's root.
        pub(crate) options: Vec<String> = TransferOptions "option ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: options;
        /// A file that clients are shown after each transfer of a file, with ProFTPD's variables. An absolute path is first one of
        /// the host, then one inside the session's root; a relative one is looked for in the working directory.
        pub(crate) display: Option<String> = DisplayFileTransfer "path" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace;
        pub(crate) facts: Facts;
        pub(crate) rates: Rates;
        pub(crate) sizes: Sizes;
        pub(crate) transfers: Limits;
    }
}

impl Settings {
    /// The representation type for a file that the client requested in this type.
    pub(crate) fn kind(&self, asked: Type) -> Type {
        if self.options.iter().any(|option| option == IGNORE_ASCII) { Type::Image } else { asked }
    }
}

const IGNORE_ASCII: &str = "IgnoreASCII";

fn options(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let known = [IGNORE_ASCII, "AllowSymlinkUpload"];
    let option = |word: &&str| {
        let known = known.into_iter().find(|known| known.eq_ignore_ascii_case(word));
        known.ok_or_else(|| ParseError::new(format!("unknown TransferOption '{word}'")).at(word))
    };
    match words {
        [] => Err("missing parameters".into()),
        words => Ok(Value::list(words.iter().map(option).collect::<std::result::Result<Vec<_>, _>>()?)),
    }
}

fn prefix(words: &[&str]) -> std::result::Result<Value, ParseError> {
    match parse::one(words)? {
        word if word.contains('/') => Err(ParseError::of(word, "contains a slash")),
        word => Ok(Value::from(word)),
    }
}

/// The values of DefaultTransferMode.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// `ascii`
    Ascii,
    /// `binary`
    Binary,
}

impl Mode {
    /// Its representation type.
    pub(crate) fn kind(self) -> Type {
        match self {
            Self::Ascii => Type::Ascii,
            Self::Binary => Type::Image,
        }
    }
}

fn mode(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let word = parse::one(words)?.to_ascii_lowercase();
    match word.as_str() {
        "ascii" | "binary" => Ok(Value::Text(word)),
        _ => Err(ParseError::new(format!("expected 'ascii' or 'binary', found '{word}'")).at(&word)),
    }
}
