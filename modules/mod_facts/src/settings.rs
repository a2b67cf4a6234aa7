//! mod_facts's directives.

use gantry_api::prelude::*;
use gantry_listing::Fakes;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether FEAT lists MLST and MLSD, so that clients use them instead of LIST. Turn it off for clients that
        /// expect patterns to work.
        pub(crate) advertise: bool = FactsAdvertise "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: parse::on_off;
        pub(crate) fakes: Fakes;
    }
}
