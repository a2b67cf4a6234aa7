//! MaxHostsPerUser: from how many hosts one user may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// The maximum number of addresses from which one user may be logged in to a server; `none`
        /// means no limit. A client from another address is refused and its session ended. It gets
        /// the message, in which `%m` is the maximum.
        limit: Option<Limit> = MaxHostsPerUser "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    pub(super) fn count<'a>(&'a self, candidate: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxHostsPerUser",
            event: "mod_auth.max-hosts-per-user",
            limit: self.limit.as_ref(),
            of: candidate.user,
            member: Some(candidate.address),
            words: "Sorry, the maximum number of hosts (%m) for this user are already connected.",
        })
    }
}
