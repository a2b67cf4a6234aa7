//! MaxClients: the maximum number of logged-in clients.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// The maximum number of logged-in clients of a server; `none` means no limit. A login to an
        /// `<Anonymous>` section counts only that section's clients. One more is refused and its
        /// session ended. It gets the message, in which `%m` is the maximum.
        limit: Option<Limit> = MaxClients "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    pub(super) fn count<'a>(&'a self, _: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxClients",
            event: "mod_auth.max-clients",
            limit: self.limit.as_ref(),
            of: "",
            member: None,
            words: "Sorry, the maximum number of allowed clients (%m) are already connected.",
        })
    }
}
