//! mod_facts's directives.

use gantry_api::prelude::*;

settings! {
    /// What the configuration says, for one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether FEAT tells of MLST and MLSD, so that clients use them rather than LIST. Clients that expect patterns to
        /// work there need it off.
        pub(crate) advertise: bool = FactsAdvertise "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: parse::on_off;
    }
}
