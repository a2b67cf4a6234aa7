//! mod_log's directives.

use std::path::PathBuf;

use gantry_api::prelude::*;

settings! {
    /// What the configuration says, for one server.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// The file that gets a line for each transfer and deletion, in the format of xferlog(5), or `NONE`. It is opened
        /// again when the configuration is read again, so that it can be rotated.
        pub(crate) transfers: Option<PathBuf> = TransferLog "path|NONE" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "NONE", parse: parse::path_or_none;
    }
}
