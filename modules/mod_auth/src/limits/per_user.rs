//! MaxClientsPerUser: how often a user may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::{Candidate, Count, Limits};

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

pub(super) fn count<'a>(limits: &'a Limits, candidate: &Candidate<'a>) -> Option<Count<'a>> {
    Some(Count {
        name: "MaxClientsPerUser",
        limit: limits.per_user.limit.as_ref(),
        of: candidate.user,
        member: None,
        words: "Sorry, the maximum number of clients (%m) for this user are already connected.",
    })
}
