//! Settings of others that this module goes by.

use gantry_api::settings;

settings! {
    /// What other parts' directives say that matters here.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether a rename may replace a file, as an upload may.
        pub(crate) allow_overwrite: Option<bool> = AllowOverwrite;
        /// Whom HELP names.
        pub(crate) admin: Option<String> = ServerAdmin;
    }
}
