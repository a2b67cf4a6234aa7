//! One server of a generation.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use gantry_api::proto::glob;
use gantry_api::{AtServer, SectionId, ServerId};
use gantry_config::Personal;

use crate::address::resolve;
use crate::generation::base::Base;
use crate::log::speaker::SessionLog;
use crate::settings::Port;

/// One server of the configuration.
pub struct Server {
    /// The base of its sessions.
    pub base: Arc<Base>,
    /// The bases of its `<Anonymous>` sections.
    pub anonymous: Vec<Arc<Base>>,
    /// Its sections for certain users.
    pub personal: Vec<Personal>,
    /// Its name, for the greeting and logs.
    pub name: Arc<str>,
    /// The addresses from `<VirtualHost>`; empty for the main server.
    pub addresses: Vec<String>,
    /// Its identity across generations.
    pub key: Arc<ServerKey>,
    /// The names that HOST may ask for.
    pub names: HostNames,
    /// What becomes of its sessions' log records.
    pub log: SessionLog,
}

/// Where a server listens, and the names by which a client may ask for it (RFC 7151).
#[derive(Debug, Default)]
pub struct HostNames {
    names: Vec<String>,
    /// Its addresses; empty for all.
    addresses: Vec<IpAddr>,
    port: Option<u16>,
}

impl HostNames {
    /// Those of a server with these aliases that listens at these addresses.
    pub fn new(aliases: &[Vec<String>], addresses: &[String], port: Port) -> Self {
        let is_name = |word: &&String| word.parse::<IpAddr>().is_err();
        let names = aliases.iter().flatten().chain(addresses.iter().filter(is_name)).cloned().collect();
        let resolved = addresses.iter().flat_map(|name| resolve(name, 0).unwrap_or_default());
        let port = if let Port::Number(port) = port { Some(port) } else { None };
        Self { names, addresses: resolved.map(|address| address.ip().to_canonical()).collect(), port }
    }

    /// Whether clients that reached this address may ask for the server.
    pub fn listens_at(&self, local: SocketAddr) -> bool {
        let has_address = self.addresses.is_empty() || self.addresses.contains(&local.ip().to_canonical());
        has_address && self.port.is_none_or(|port| port == local.port())
    }

    /// Whether a name is this server's, as it is written.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether a name is this server's by a wildcard.
    pub fn has_like(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let mut budget = glob::Budget::new(STEPS);
        self.names.iter().any(|known| {
            let pattern = known.to_ascii_lowercase();
            glob::matches(pattern.as_bytes(), name.as_bytes(), &mut budget).unwrap_or(false)
        })
    }
}

/// The most steps that comparing one name with a server's wildcards may take.
const STEPS: u64 = 1_000_000;

/// The identity of a server across generations, whatever its position and name. Sessions are
/// counted by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerKey {
    /// The main server.
    Main,
    /// A `<VirtualHost>`.
    Host {
        /// Its addresses.
        addresses: Vec<String>,
        /// Its port.
        port: Port,
        /// The number of identical ones before it.
        before: usize,
    },
}

impl ServerKey {
    /// The key of a server that comes after others.
    pub fn new(id: ServerId, addresses: &[String], port: Port, others: &[Server]) -> Self {
        if id == ServerId(0) {
            return Self::Main;
        }
        let same = |server: &&Server| match &*server.key {
            Self::Main => false,
            Self::Host { addresses: others, port: other, .. } => others == addresses && *other == port,
        };
        Self::Host { addresses: addresses.to_vec(), port, before: others.iter().filter(same).count() }
    }
}

/// One word, unique for each key.
impl fmt::Display for ServerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => out.write_str("main"),
            Self::Host { addresses, port, before } => write!(out, "{}#{port:?}#{before}", addresses.join(",")),
        }
    }
}

impl Server {
    /// The base of sessions in it or in one of its `<Anonymous>` sections; `None` if there is no
    /// such section.
    pub fn base(&self, section: Option<SectionId>) -> Option<&Arc<Base>> {
        match section {
            Some(SectionId(at)) => self.anonymous.get(at),
            None => Some(&self.base),
        }
    }

    /// The server as its sessions see it.
    pub fn at(&self) -> AtServer {
        AtServer { id: self.base.server, name: self.name.clone(), key: self.key.to_string().into() }
    }

    /// Whether AllowOverride is on anywhere in it.
    pub fn reads_files(&self) -> bool {
        self.base.reads_files || self.anonymous.iter().any(|section| section.reads_files)
    }
}
