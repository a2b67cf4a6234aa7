//! MaxHostsPerUser: from how many hosts a user may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// From how many addresses one user may be logged in to a server at once; `none` for any number. A client from one more is
        /// refused and its session ended; it reads the message, in which `%m` is the count.
        limit: Option<Limit> = MaxHostsPerUser "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    pub(super) fn count<'a>(&'a self, candidate: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxHostsPerUser",
            limit: self.limit.as_ref(),
            of: candidate.user,
            member: Some(candidate.address),
            words: "Sorry, the maximum number of hosts (%m) for this user are already connected.",
        })
    }
}
