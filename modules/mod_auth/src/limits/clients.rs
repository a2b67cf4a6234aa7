//! MaxClients: how many clients may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::{Candidate, Count, Limits};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// How many clients may be logged in to a server at once; `none` for any number. The next one is refused and its session
        /// ended; it reads the message, in which `%m` is the count.
        limit: Option<Limit> = MaxClients "count|\"none\" [message]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: Limit::parse;
    }
}

pub(super) fn count<'a>(limits: &'a Limits, _: &Candidate<'a>) -> Option<Count<'a>> {
    Some(Count {
        name: "MaxClients",
        limit: limits.clients.limit.as_ref(),
        of: "",
        member: None,
        words: "Sorry, the maximum number of allowed clients (%m) are already connected.",
    })
}
