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
    /// The session's event when it is reached.
    pub(super) event: &'static str,
    pub(super) limit: Option<&'a Limit>,
    /// What the counted clients have in common besides the server.
    pub(super) of: &'a str,
    /// Clients with the same member share a place.
    pub(super) member: Option<&'a str>,
    /// The default message for a client without a place; `%m` is the maximum.
    pub(super) words: &'static str,
}

impl Count<'_> {
    /// The key for counting a server's clients, or those of one section.
    fn key(&self, server: &str, section: Option<&str>) -> String {
        match section {
            None => format!("{} {server} {}", self.name, self.of),
            Some(section) => format!("{}@ {server} {section}\n{}", self.name, self.of),
        }
    }
}

/// Why a client gets no place.
pub(crate) struct Full {
    /// The limit, for the log.
    pub(crate) limit: String,
    /// The message for the client.
    pub(crate) message: String,
}

/// Takes a place among the server's clients and returns its key. The limit concerns clients of the
/// server itself.
pub(super) fn claim(session: &mut Session, count: &Count<'_>, server: &str) -> std::result::Result<String, Full> {
    take(session, count, count.limit, count.key(server, None))
}

/// Takes a place among the server's clients, which this limit does not restrict, and one among
/// those of its section.
pub(super) fn claim_in_section(
    session: &mut Session,
    count: &Count<'_>,
    server: &str,
    section: &str,
) -> std::result::Result<[String; 2], Full> {
    let own = take(session, count, count.limit, count.key(server, Some(section)))?;
    Ok([own, take(session, count, None, count.key(server, None))?])
}

fn take(
    session: &mut Session,
    count: &Count<'_>,
    limit: Option<&Limit>,
    key: String,
) -> std::result::Result<String, Full> {
    let claim = session.census.claim(&key, count.member, limit.map(|limit| limit.most));
    match (claim, limit) {
        (Claim::Full(taken), Some(limit)) => {
            session.events.announce(count.event);
            Err(Full { limit: format!("{} ({taken})", count.name), message: limit.message(count.words) })
        }
        _ => Ok(key),
    }
}
