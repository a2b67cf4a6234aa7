//! MaxClientsPerHost: the maximum number of logged-in clients from one host.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// The maximum number of logged-in clients of a server from one address; `none` means no
        /// limit. One more is refused and its session ended. It gets the message, in which `%m` is
        /// the maximum.
        limit: Option<Limit> = MaxClientsPerHost "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    pub(super) fn count<'a>(&'a self, candidate: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxClientsPerHost",
            event: "mod_auth.max-clients-per-host",
            limit: self.limit.as_ref(),
            of: candidate.address,
            member: None,
            words: "Sorry, the maximum number of clients (%m) from your host are already connected.",
        })
    }
}
