//! What is counted, and how a session takes a place.

use gantry_api::Limit;
use gantry_api::census::Claim;
use gantry_api::prelude::*;

/// A client about to be logged in.
pub(super) struct Candidate<'a> {
    pub(super) server: &'a str,
    pub(super) address: &'a str,
    pub(super) user: &'a str,
    pub(super) class: Option<&'a str>,
}

/// Clients that are counted together, and the limit on them.
pub(super) struct Count<'a> {
    /// The limit's directive.
    pub(super) name: &'static str,
    pub(super) limit: Option<&'a Limit>,
    /// What the counted clients have in common besides the server.
    pub(super) of: &'a str,
    /// Clients with the same member share a place.
    pub(super) member: Option<&'a str>,
    /// The default message for a client without a place; `%m` is the maximum.
    pub(super) words: &'static str,
}

impl Count<'_> {
    fn key(&self, server: &str) -> String {
        format!("{} {server} {}", self.name, self.of)
    }
}

/// Why a client gets no place.
pub(crate) struct Full {
    /// The limit, for the log.
    pub(crate) limit: String,
    /// The message for the client.
    pub(crate) message: String,
}

/// Takes one place and returns its key.
pub(super) fn claim(session: &mut Session, count: &Count<'_>, server: &str) -> std::result::Result<String, Full> {
    let key = count.key(server);
    let claim = session.census.claim(&key, count.member, count.limit.map(|limit| limit.most));
    match (claim, count.limit) {
        (Claim::Full(taken), Some(limit)) => {
            Err(Full { limit: format!("{} ({taken})", count.name), message: limit.message(count.words) })
        }
        _ => Ok(key),
    }
}
