//! What variables show of the configuration.

use gantry_api::Limit;
use gantry_api::prelude::*;
use serde::Deserialize;

settings! {
    /// The directives whose values variables show.
    #[derive(Debug)]
    pub struct Facts {
        /// `%E`.
        pub(crate) admin: Option<String> = ServerAdmin;
        /// `%M`.
        pub(crate) clients: Option<Limit> = MaxClients;
        /// `%z`.
        pub(crate) classes: Vec<OfClass> = MaxClientsPerClass;
    }
}

/// The limit on one class.
#[derive(Debug, Deserialize)]
pub(crate) struct OfClass {
    pub(crate) class: String,
    pub(crate) limit: Option<Limit>,
}
