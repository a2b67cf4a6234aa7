//! MaxClientsPerUser: how often one user may be logged in at the same time.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// The maximum number of clients logged in to a server as the same user; `none` means no
        /// limit. One more is refused and its session ended. It gets the message, in which `%m` is
        /// the maximum.
        limit: Option<Limit> = MaxClientsPerUser "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    pub(super) fn count<'a>(&'a self, candidate: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxClientsPerUser",
            event: "mod_auth.max-clients-per-user",
            limit: self.limit.as_ref(),
            of: candidate.user,
            member: None,
            words: "Sorry, the maximum number of clients (%m) for this user are already connected.",
        })
    }
}
