//! MaxClients: how many clients may be logged in.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Candidate, Count};

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

impl Settings {
    pub(super) fn count<'a>(&'a self, _: &Candidate<'a>) -> Option<Count<'a>> {
        Some(Count {
            name: "MaxClients",
            limit: self.limit.as_ref(),
            of: "",
            member: None,
            words: "Sorry, the maximum number of allowed clients (%m) are already connected.",
        })
    }
}
