//! A directory: servers that know the same, asked in order. What one cannot answer now the next is asked. A server that
//! does not answer is left alone for a while, so that it costs only the logins that find it out.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::{Error, Result};

use crate::endpoint::Endpoint;
use crate::request::{Answer, Bound, Entry, Failure, Limits, Request, Search};
use crate::setup::Setup;
use crate::tls;
use crate::values::{Parameters, Server};

/// A directory.
pub(crate) struct Directory {
    endpoints: Vec<Endpoint>,
}

impl Directory {
    /// Prepares connections, and opens none: a directory that is down keeps no server from starting.
    pub(crate) fn new(setup: &Setup) -> Result<Self> {
        let limits = Limits {
            connect: Duration::from_secs(setup.connect),
            query: Duration::from_secs(setup.query),
            aliases: setup.aliases.into(),
        };
        let endpoint = |(server, parameters): &(Server, Parameters)| {
            let tls = tls::config(parameters)?;
            Ok(Endpoint::new(server, setup.scope(server).into(), tls, setup, limits))
        };
        let endpoints: std::result::Result<Vec<_>, String> = setup.servers.iter().map(endpoint).collect();
        Ok(Self { endpoints: endpoints.map_err(|error| Error::configuration(format!("LDAPServer: {error}")))? })
    }

    /// The entries that a search finds.
    ///
    /// # Errors
    /// No server can answer, or the answer is no list of entries.
    pub(crate) async fn search(self: &Arc<Self>, search: Search) -> Result<Vec<Entry>> {
        match self.run(Request::Search(search)).await? {
            Answer::Entries(entries) => Ok(entries),
            Answer::Bound(_) => Err(Error::system("the answer to a search is none")),
        }
    }

    /// Whether the directory takes a password for an entry.
    ///
    /// # Errors
    /// No server can answer, or it cannot tell.
    pub(crate) async fn bind(self: &Arc<Self>, dn: String, password: String) -> Result<Bound> {
        // A server takes either as a bind of nobody, and accepts it (RFC 4513 section 5.1.2).
        if dn.is_empty() || password.is_empty() {
            return Ok(Bound::Refused("there is no password".to_owned()));
        }
        match self.run(Request::Bind { dn, password }).await? {
            Answer::Bound(bound) => Ok(bound),
            Answer::Entries(_) => Err(Error::system("the answer to a bind is none")),
        }
    }

    /// Answers a request in a task of its own: a client that leaves does not leave a connection in the middle of
    /// something, and what the library cannot read ends only this task.
    async fn run(self: &Arc<Self>, request: Request) -> Result<Answer> {
        let directory = self.clone();
        let task = tokio::spawn(async move { directory.ask(&request).await });
        task.await.unwrap_or_else(|error| Err(Error::system(format!("the directory's answer cannot be read: {error}"))))
    }

    async fn ask(&self, request: &Request) -> Result<Answer> {
        let mut reasons = Vec::new();
        for endpoint in &self.endpoints {
            match endpoint.ask(request).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Answer(text)) => return Err(Error::system(format!("{endpoint}: {text}"))),
                Err(Failure::Unavailable(text)) => reasons.push(format!("{endpoint}: {text}")),
            }
        }
        Err(Error::system(reasons.join("; ")))
    }
}
