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
        /// `%{env:NAME}`: the names with their values.
        set: Vec<(String, String)> = SetEnv;
        /// The names that are not set.
        unset: Vec<String> = UnsetEnv;
        /// `%z`.
        pub(crate) classes: Vec<OfClass> = MaxClientsPerClass;
    }
}

impl Facts {
    /// A variable of the environment, as SetEnv and UnsetEnv have it: the innermost line of a name counts.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        if self.unset.iter().any(|unset| unset == name) {
            return None;
        }
        let set = self.set.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.clone());
        set.or_else(|| std::env::var(name).ok())
    }
}

/// The limit on one class.
#[derive(Debug, Deserialize)]
pub(crate) struct OfClass {
    pub(crate) class: String,
    pub(crate) limit: Option<Limit>,
}
