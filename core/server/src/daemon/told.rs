//! Reports for operators as value trees: sessions, servers, directives.

use std::net::SocketAddr;

use gantry_api::transfer::Direction;
use gantry_api::{ServerId, Value, stamp};

use super::Daemon;
use super::current::Current;
use crate::generation::snapshot::Generation;
use crate::session::sessions::{About, Doing};
use crate::times::unix;

impl Daemon {
    /// The state of the daemon and its servers.
    pub(super) fn status(&self, current: &Current) -> Value {
        let counts = self.sessions.by_server();
        let servers = current.generation.servers.iter().enumerate().map(|(id, server)| {
            let addresses = current.heard_at(ServerId(id)).into_iter().map(|address| address.to_string());
            Value::map([
                ("name", server.name.to_string().into()),
                ("addresses", Value::list(addresses)),
                ("up", (!current.is_down(ServerId(id))).into()),
                ("sessions", counts.get(&server.key).copied().unwrap_or(0).into()),
            ])
        });
        let (restarts, restarted) = *self.reloads();
        Value::map([
            ("pid", u64::from(std::process::id()).into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("stamp", stamp::build_id().into()),
            ("keeper", self.system.keeper().into()),
            ("started", unix(self.began)),
            ("generation", current.generation.number.into()),
            ("restarts", restarts.into()),
            ("restarted", restarted.map_or(Value::None, unix)),
            ("sessions", self.sessions.count().into()),
            ("most", current.max_instances.into()),
            ("servers", Value::List(servers.collect())),
        ])
    }
}

impl Current {
    /// The addresses where a server's clients can connect.
    pub fn heard_at(&self, server: ServerId) -> Vec<SocketAddr> {
        let wanted = self.wanted.addresses.iter().filter(|(_, id)| *id == server);
        let heard = |bound| self.listeners.sockets().find(|(open, _)| *open == bound).map(|(_, socket)| socket);
        wanted.filter_map(|(bound, _)| heard(*bound)?.local_addr().ok()).collect()
    }
}

impl About {
    /// The entry of a session in the output of who.
    pub(super) fn value(&self) -> Value {
        let (state, command, argument, direction, moved) = match &self.doing {
            Doing::Nothing if self.user.is_none() => ("login", None, None, None, 0),
            Doing::Nothing => ("idle", None, None, None, 0),
            Doing::Command { name, argument } => ("command", Some(name), Some(argument), None, 0),
            Doing::Transfer { name, argument, direction, bytes } => {
                let inward = *direction == Direction::In;
                ("transfer", Some(name), Some(argument), Some(if inward { "in" } else { "out" }), *bytes)
            }
        };
        Value::map([
            ("id", self.id.into()),
            ("user", self.user.clone().into()),
            ("server", self.server.to_string().into()),
            ("local", self.local.to_string().into()),
            ("remote", self.remote.to_string().into()),
            ("host", self.host.clone().into()),
            ("class", self.class.clone().into()),
            ("since", unix(self.since)),
            ("state", state.into()),
            ("command", command.cloned().into()),
            ("argument", argument.cloned().into()),
            ("state_since", unix(self.doing_since)),
            ("directory", self.directory.clone().into()),
            ("direction", direction.into()),
            ("bytes", moved.into()),
            ("received", self.bytes.0.into()),
            ("sent", self.bytes.1.into()),
            ("generation", self.generation.into()),
        ])
    }
}

/// Each directive with its module.
pub(super) fn directives(generation: &Generation) -> Value {
    let own = generation.modules.iter().flat_map(|running| {
        let all = running.image().image().directives.iter();
        all.filter(|directive| directive.module == running.name || !directive.module.starts_with("mod_"))
    });
    let mut named: Vec<(&str, &str)> = own.map(|directive| (directive.name, directive.module)).collect();
    named.sort_unstable();
    named.dedup();
    let told = named.into_iter();
    Value::List(
        told.map(|(name, module)| Value::map([("directive", name.into()), ("module", module.into())])).collect(),
    )
}
