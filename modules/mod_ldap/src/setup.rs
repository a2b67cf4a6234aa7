//! What the lines of a server say of its directory.

use crate::settings::Settings;
use crate::values::{Aliases, BindAs, Parameters, Sasl, Scope, Server};

/// What a directory is made from. Servers of the configuration with an equal one share its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    /// The servers, in order.
    pub(crate) servers: Vec<(Server, Parameters)>,
    /// Whom to bind as for searches.
    pub(crate) bind: Option<BindAs>,
    /// How to bind.
    pub(crate) sasl: Option<Sasl>,
    /// Whether to begin with StartTLS.
    pub(crate) starts_tls: bool,
    scope: Option<Scope>,
    /// When aliases are followed.
    pub(crate) aliases: Aliases,
    /// How long an answer may take, in seconds.
    pub(crate) query: u64,
    /// How long it may take to connect, in seconds.
    pub(crate) connect: u64,
}

impl Setup {
    /// What the settings of a server say.
    pub(crate) fn of(settings: &Settings) -> Self {
        let lines = settings.servers.iter();
        let mut servers: Vec<_> =
            lines.flat_map(|line| line.servers.iter().map(|server| (server.clone(), line.tls.clone()))).collect();
        if servers.is_empty() {
            servers.push((Server::local(), Parameters::default()));
        }
        Self {
            servers,
            bind: settings.bind.clone(),
            sasl: settings.sasl,
            starts_tls: settings.tls,
            scope: settings.scope,
            aliases: settings.aliases,
            query: settings.query_timeout,
            connect: settings.connect_timeout,
        }
    }

    /// The scope of searches on a server. A URL without one has `base`, unless LDAPSearchScope says otherwise.
    pub(crate) fn scope(&self, server: &Server) -> Scope {
        let default = if server.is_url { Scope::Base } else { Scope::Subtree };
        server.scope.or(self.scope).unwrap_or(default)
    }
}
