//! The services of mod_sql: its users and its named queries.

use std::collections::HashSet;
use std::sync::Arc;

use gantry_api::service::{Authenticator, LoginRequest, SqlQueries, SqlRows, Verdict};
use gantry_api::{Account, Error, Result, SectionId, ServerId, async_trait};

use crate::link::Writes;
use crate::passwords::{Login, Passwords};
use crate::server::Server;
use crate::variables::{Arguments, Lookup, Place};

/// The configured servers by number.
#[derive(Default)]
pub struct Servers {
    /// `None` for servers without a database.
    pub servers: Vec<Option<Server>>,
    /// The `<Anonymous>` sections in which SQLEngine lets nobody log in.
    pub barred: HashSet<(ServerId, SectionId)>,
}

impl Servers {
    /// A server with a database.
    pub fn server(&self, id: ServerId) -> Option<&Server> {
        self.servers.get(id.0)?.as_ref()
    }

    /// The server that a login asks, unless SQLEngine is off for its `<Anonymous>` section.
    pub fn asked(&self, request: &LoginRequest) -> Option<&Server> {
        let is_barred = request.section.is_some_and(|section| self.barred.contains(&(request.server, section)));
        self.server(request.server).filter(|_| !is_barred)
    }

    /// Adds a server.
    pub fn insert(&mut self, id: ServerId, server: Option<Server>) {
        if self.servers.len() <= id.0 {
            self.servers.resize_with(id.0 + 1, || None);
        }
        if let Some(place) = self.servers.get_mut(id.0) {
            *place = server;
        }
    }
}

/// Users, for AuthOrder.
pub struct SqlUsers {
    /// The servers.
    pub servers: Arc<Servers>,
    /// Checks their passwords.
    pub passwords: Passwords,
}

#[async_trait]
impl Authenticator for SqlUsers {
    async fn account(&self, request: &LoginRequest) -> Result<Option<Account>> {
        let Some(server) = self.servers.asked(request) else { return Ok(None) };
        let Some(users) = &server.users else { return Ok(None) };
        let Some(mut account) = users.find(request).await? else { return Ok(None) };
        if let Some(groups) = &server.groups {
            account.groups = groups.find(request, &account).await?;
        }
        Ok(Some(account))
    }

    async fn verify(&self, request: &LoginRequest, account: &Account, password: &[u8]) -> Result<Verdict> {
        let Some(server) = self.servers.asked(request) else { return Ok(Verdict::Unknown) };
        let lookup = Lookup { request, argument: &request.user };
        let login = Login { server: request.server, user: &request.user, lookup: &lookup };
        let fits = self.passwords.fit(&server.schemes, login, account.secret.as_deref(), password).await?;
        Ok(if fits { Verdict::Accepted } else { Verdict::Rejected })
    }

    async fn user_name(&self, request: &LoginRequest, uid: u32) -> Result<Option<String>> {
        match self.servers.asked(request).and_then(|server| server.users.as_ref()) {
            Some(users) => users.name_of(request, uid).await,
            None => Ok(None),
        }
    }

    async fn group_name(&self, request: &LoginRequest, gid: u32) -> Result<Option<String>> {
        match self.servers.asked(request).and_then(|server| server.groups.as_ref()) {
            Some(groups) => groups.name_of(request, gid).await,
            None => Ok(None),
        }
    }
}

/// Named queries, for other modules.
pub struct NamedQueries {
    /// The servers.
    pub servers: Arc<Servers>,
    /// Runs the queries.
    pub writes: Arc<Writes>,
}

#[async_trait]
impl SqlQueries for NamedQueries {
    async fn run(&self, server: ServerId, name: &str, arguments: &[String]) -> Result<SqlRows> {
        let found = self.servers.server(server).and_then(|server| server.queries.named(name));
        let (_, query) =
            found.ok_or_else(|| Error::configuration(format!("no SQLNamedQuery '{name}' on this server")))?;
        let fault = |error| Error::configuration(format!("{}: {error}", query.origin));
        query.template.check(Place::Service).map_err(fault)?;
        let statement = query.fill(&Arguments(arguments))?;
        query.write(&self.writes, None, statement).await
    }
}
