//! MaxConnectionsPerHost: how many connections a host may have.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Count, claim};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// How many connections one address may have to a server at once, whether logged in or not; `none` for any number. The next
        /// one gets the message in place of the greeting and is closed; `%m` is the count.
        limit: Option<Limit> = MaxConnectionsPerHost "count|\"none\" [message]" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    /// Takes the place of a session that begins.
    pub(super) fn enter(&self, at: &mut Moment<'_>) -> Result<()> {
        let (server, address) = (at.session.server_key.clone(), at.session.remote.ip().to_string());
        let count = Count {
            name: "MaxConnectionsPerHost",
            limit: self.limit.as_ref(),
            of: &address,
            member: None,
            words: "Sorry, the maximum number of connections (%m) for your host are already connected.",
        };
        match claim(at.session, &count, &server) {
            Ok(_) => Ok(()),
            Err(full) => {
                log!(Info, "{address} is turned away: {} reached", full.limit);
                refuse(530, full.message)
            }
        }
    }
}
