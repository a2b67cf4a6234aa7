//! mod_log's directives.

use std::path::PathBuf;

use gantry_api::prelude::*;

settings! {
    /// The settings of one server.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// The file for one line per transfer and deletion, in the format of xferlog(5), or `NONE`. A reload reopens
        /// it, so that it can be rotated.
        pub(crate) transfers: Option<PathBuf> = TransferLog "path|NONE" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "NONE", parse: parse::path_or_none;
    }
}
