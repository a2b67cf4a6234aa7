//! MaxClientsPerHost: how many clients of one host may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// How many clients from one address may be logged in to a server at once; `none` for any number. The next one is refused
        /// and its session ended; it reads the message, in which `%m` is the count.
        limit: Option<Limit> = MaxClientsPerHost "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    pub(super) fn count<'a>(&'a self, candidate: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxClientsPerHost",
            limit: self.limit.as_ref(),
            of: candidate.address,
            member: None,
            words: "Sorry, the maximum number of clients (%m) from your host are already connected.",
        })
    }
}
