//! MaxClientsPerUser: how often a user may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// How many clients may be logged in to a server at once as one user; `none` for any number. The next one is refused and
        /// its session ended; it reads the message, in which `%m` is the count.
        limit: Option<Limit> = MaxClientsPerUser "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    pub(super) fn count<'a>(&'a self, candidate: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxClientsPerUser",
            limit: self.limit.as_ref(),
            of: candidate.user,
            member: None,
            words: "Sorry, the maximum number of clients (%m) for this user are already connected.",
        })
    }
}
