//! How many clients may be logged in: at all, of a host, a user, a class, and from how
//! many hosts a user. Each limit has a file; here they meet. Who is in is counted
//! whether a limit holds or not, so that a limit which a reload brings knows of those
//! who came before it.

mod clients;
pub(crate) mod connections;
mod per_class;
mod per_host;
mod per_user;
mod user_hosts;

use gantry_api::census::Claim;
use gantry_api::prelude::*;
use gantry_api::{Account, Limit};

settings! {
    /// What the configuration says, for one scope.
    #[derive(Debug)]
    pub(crate) struct Limits {
        clients: clients::Settings;
        per_host: per_host::Settings;
        per_user: per_user::Settings;
        per_class: per_class::Settings;
        user_hosts: user_hosts::Settings;
        connections: connections::Settings;
    }
}

/// Who is about to come in.
struct Candidate<'a> {
    server: &'a str,
    address: &'a str,
    user: &'a str,
    class: Option<&'a str>,
}

/// Clients that are counted together, and the limit on them.
struct Count<'a> {
    /// The limit's directive.
    name: &'static str,
    limit: Option<&'a Limit>,
    /// What those who are counted have in common, beside the server.
    of: &'a str,
    /// Those with the same one share a place.
    member: Option<&'a str>,
    /// What a client reads for whom there is no place; `%m` is how many there are.
    words: &'static str,
}

impl Count<'_> {
    fn key(&self, server: &str) -> String {
        format!("{} {server} {}", self.name, self.of)
    }
}

/// What a limit counts for a candidate; none where it has nothing to do with it.
type Counter = for<'a> fn(&'a Limits, &Candidate<'a>) -> Option<Count<'a>>;

/// Of several limits that are reached a client reads of the first.
const COUNTERS: [Counter; 5] = [per_class::count, per_host::count, per_user::count, clients::count, user_hosts::count];

/// The places of a session, by their keys; the session's end gives them back as well.
pub(crate) struct Places(Vec<String>);

/// Why there is no place.
pub(crate) struct Full {
    /// The limit, for the log.
    pub(crate) limit: String,
    /// What the client reads.
    pub(crate) message: String,
}

impl Limits {
    /// Takes the session's places, all of them or none.
    pub(crate) fn enter(&self, session: &mut Session, account: &Account) -> std::result::Result<Places, Full> {
        let (server, address, class) =
            (session.server_key.clone(), session.remote.ip().to_string(), session.class.clone());
        let candidate = Candidate { server: &server, address: &address, user: &account.name, class: class.as_deref() };
        let mut places = Places(Vec::with_capacity(COUNTERS.len()));
        for count in COUNTERS.iter().filter_map(|counter| counter(self, &candidate)) {
            match claim(session, &count, candidate.server) {
                Ok(key) => places.0.push(key),
                Err(full) => {
                    places.give_back(session);
                    return Err(full);
                }
            }
        }
        Ok(places)
    }
}

impl Places {
    /// Gives them back before the session's end: it was not let in.
    pub(crate) fn give_back(self, session: &mut Session) {
        self.0.iter().for_each(|key| session.census.release(key));
    }
}

/// Takes one place; its key.
fn claim(session: &mut Session, count: &Count<'_>, server: &str) -> std::result::Result<String, Full> {
    let key = count.key(server);
    let claim = session.census.claim(&key, count.member, count.limit.map(|limit| limit.most));
    match (claim, count.limit) {
        (Claim::Full(taken), Some(limit)) => {
            Err(Full { limit: format!("{} ({taken})", count.name), message: limit.message(count.words) })
        }
        _ => Ok(key),
    }
}
