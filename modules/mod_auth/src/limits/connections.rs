//! MaxConnectionsPerHost: the maximum number of connections from one host.

use gantry_api::Limit;
use gantry_api::prelude::*;

use super::count::{Count, claim};

settings! {
    /// What the configuration says of it.
    #[derive(Debug)]
    pub(super) struct Settings {
        /// The maximum number of connections from one address to a server, logged in or not; `none`
        /// means no limit. One more gets the message instead of the greeting and is closed; `%m` in
        /// the message is the maximum.
        limit: Option<Limit> = MaxConnectionsPerHost "count|\"none\" [message]" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: Limit::parse;
    }
}

impl Settings {
    /// Takes a place for a session that begins.
    pub(super) fn enter(&self, at: &mut Moment<'_>) -> Result<()> {
        let (server, address) = (at.session.server_key.clone(), at.session.remote.ip().to_string());
        let count = Count {
            name: "MaxConnectionsPerHost",
            event: "mod_auth.max-connections-per-host",
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
