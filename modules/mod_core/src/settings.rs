//! Settings of other parts that this module uses.

use gantry_api::settings;

settings! {
    /// The values of other parts' directives.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether a rename may replace a file, like an upload.
        pub(crate) allow_overwrite: Option<bool> = AllowOverwrite;
        /// The contact in HELP.
        pub(crate) admin: Option<String> = ServerAdmin;
    }
}
