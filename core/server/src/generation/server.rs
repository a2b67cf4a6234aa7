//! One server of a generation.

use std::fmt;
use std::sync::Arc;

use gantry_api::{AtServer, SectionId, ServerId};
use gantry_config::Personal;

use crate::generation::base::Base;
use crate::settings::Port;

/// One server of the configuration.
pub struct Server {
    /// What its sessions stand on.
    pub base: Arc<Base>,
    /// What those of its `<Anonymous>` sections stand on.
    pub anonymous: Vec<Arc<Base>>,
    /// Its sections that wait for a person.
    pub personal: Vec<Personal>,
    /// Its name, for greeting and logs.
    pub name: Arc<str>,
    /// What `<VirtualHost>` names; empty for the main server.
    pub addresses: Vec<String>,
    /// By what it is the same in other generations.
    pub key: Arc<ServerKey>,
}

/// By what a server is the same in several generations, whatever its place and its
/// name there: sessions are counted by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerKey {
    /// The main server.
    Main,
    /// A `<VirtualHost>`.
    Host {
        /// What it names.
        addresses: Vec<String>,
        /// Its port.
        port: Port,
        /// How many of the same come before it.
        before: usize,
    },
}

impl ServerKey {
    /// That of a server which comes behind some others.
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

/// One word, another one for each key.
impl fmt::Display for ServerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => out.write_str("main"),
            Self::Host { addresses, port, before } => write!(out, "{}#{port:?}#{before}", addresses.join(",")),
        }
    }
}

impl Server {
    /// What a session stands on in it, or in one of its `<Anonymous>` sections; none
    /// where there is no such section.
    pub fn base(&self, section: Option<SectionId>) -> Option<&Arc<Base>> {
        match section {
            Some(SectionId(at)) => self.anonymous.get(at),
            None => Some(&self.base),
        }
    }

    /// How a session that is at it knows it.
    pub fn at(&self) -> AtServer {
        AtServer { id: self.base.server, name: self.name.clone(), key: self.key.to_string().into() }
    }

    /// Whether AllowOverride is on anywhere in it.
    pub fn reads_files(&self) -> bool {
        self.base.reads_files || self.anonymous.iter().any(|section| section.reads_files)
    }
}
