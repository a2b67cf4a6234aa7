//! MaxClientsPerHost: how many clients of one host may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::{Candidate, Count, Limits};

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

pub(super) fn count<'a>(limits: &'a Limits, candidate: &Candidate<'a>) -> Option<Count<'a>> {
    Some(Count {
        name: "MaxClientsPerHost",
        limit: limits.per_host.limit.as_ref(),
        of: candidate.address,
        member: None,
        words: "Sorry, the maximum number of clients (%m) from your host are already connected.",
    })
}
