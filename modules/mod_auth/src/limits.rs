//! Limits on logged-in clients: in total, per host, per user and per class, and on the
//! hosts of one user. Each limit has its own file; this one applies them all. Clients are
//! counted even without a limit, so that a limit that a reload adds includes earlier
//! clients.

mod clients;
mod connections;
mod count;
mod per_class;
mod per_host;
mod per_user;
mod user_hosts;

use gantry_api::Account;
use gantry_api::prelude::*;

pub(crate) use count::Full;
use count::{Candidate, Count, claim, claim_in_section};

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

/// The keys of a session's places; the end of the session also gives them back.
pub(crate) struct Places(Vec<String>);

impl Limits {
    /// Takes the session's places, all of them or none. The server's limits count all its clients;
    /// those of an `<Anonymous>` count the clients of that section.
    pub(crate) fn enter(
        &self,
        session: &mut Session,
        account: &Account,
        section: Option<&str>,
    ) -> std::result::Result<Places, Full> {
        let (server, address, class) =
            (session.server_key.clone(), session.remote.ip().to_string(), session.class.clone());
        let candidate = Candidate { server: &server, address: &address, user: &account.name, class: class.as_deref() };
        let mut places = Places(Vec::new());
        for count in self.counts(&candidate).into_iter().flatten() {
            let claimed = match section {
                None => claim(session, &count, candidate.server).map(|key| vec![key]),
                Some(section) => claim_in_section(session, &count, candidate.server, section).map(|keys| keys.to_vec()),
            };
            match claimed {
                Ok(keys) => places.0.extend(keys),
                Err(full) => {
                    places.give_back(session);
                    return Err(full);
                }
            }
        }
        Ok(places)
    }

    /// What the limits count for a candidate. If several are reached, the client gets the
    /// message of the first.
    fn counts<'a>(&'a self, candidate: &Candidate<'a>) -> [Option<Count<'a>>; 5] {
        [
            self.per_class.count(candidate),
            self.per_host.count(candidate),
            self.per_user.count(candidate),
            self.clients.count(candidate),
            self.user_hosts.count(candidate),
        ]
    }
}

impl Limits {
    /// Takes a place for a session that begins.
    pub(crate) fn connect(&self, at: &mut Moment<'_>) -> Result<()> {
        self.connections.enter(at)
    }
}

impl Places {
    /// Gives them back before the end of the session, because the login failed.
    pub(crate) fn give_back(self, session: &mut Session) {
        self.0.iter().for_each(|key| session.census.release(key));
    }
}
