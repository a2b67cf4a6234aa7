//! One session's TLS: what its connections share.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gantry_api::{Error, Hosts, Result, ServerId, Session, log};
use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::facts::Facts;
use crate::log_file::About;
use crate::peer::Holder;
use crate::server::Server;
use crate::servers::TlsModule;
use crate::suites;
use crate::tickets::{Bond, Resumption, Role};

/// The number of TLSv1.3 tickets that a control connection sends; some clients use each once.
const CONTROL_TICKETS: usize = 8;
/// The number of tickets that a data connection sends, even for uploads: curl reads them, and uses
/// each once.
const DATA_TICKETS: usize = 2;

/// One session's TLS, from AUTH on.
pub(crate) struct Tls {
    /// The server that the session was at.
    server: (ServerId, Arc<Server>),
    /// The server that the client named in its handshake (SNI), if there is one.
    named: OnceLock<(ServerId, Arc<Server>)>,
    others: Others,
    bond: OnceLock<Arc<Bond>>,
    about: About,
    /// The client's name, if the server looks names up.
    host: Option<String>,
    /// The client's certificates, its own first.
    peer: OnceLock<Vec<CertificateDer<'static>>>,
}

/// The servers that a client may name.
struct Others {
    servers: Arc<HashMap<ServerId, Arc<Server>>>,
    hosts: Hosts,
}

impl Tls {
    /// For a session that begins to protect its control connection.
    pub(crate) fn new(module: &TlsModule, server: &Arc<Server>, session: &Session, looks_up: bool) -> Arc<Self> {
        let others = Others { servers: module.servers.clone(), hosts: session.hosts() };
        Arc::new(Self {
            server: (session.server, server.clone()),
            named: OnceLock::new(),
            others,
            bond: OnceLock::new(),
            about: About::of(session),
            host: looks_up.then(|| session.remote_host.clone()),
            peer: OnceLock::new(),
        })
    }

    /// The server whose rules its handshakes follow.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.named.get().unwrap_or(&self.server).1
    }

    /// The server that the client named, if it is not the session's former one.
    pub(crate) fn named(&self) -> Option<(ServerId, &Arc<Server>)> {
        self.named.get().map(|(id, server)| (*id, server)).filter(|(id, _)| *id != self.server.0)
    }

    /// The parameters for the control connection's handshake, with the server name from the client
    /// if there is one; and what it can resume.
    pub(crate) fn control(&self, name: Option<&str>) -> Result<(Arc<ServerConfig>, Arc<Resumption>)> {
        let found = name.filter(|_| !self.server.1.options.ignore_sni).and_then(|name| (self.others.hosts)(name));
        let server = found.and_then(|id| Some((id, self.others.servers.get(&id)?.clone())));
        if let Some(server) = server {
            let _ = self.named.set(server);
        }
        self.config(Role::Control, CONTROL_TICKETS)
    }

    /// The same for a data connection.
    pub(crate) fn data(&self) -> Result<(Arc<ServerConfig>, Arc<Resumption>)> {
        self.config(Role::Data, DATA_TICKETS)
    }

    fn config(&self, role: Role, tickets: usize) -> Result<(Arc<ServerConfig>, Arc<Resumption>)> {
        let bond = match self.bond.get() {
            Some(bond) => bond,
            None => {
                let bond = self.server().bond().ok_or_else(|| Error::system("the system has no random numbers"))?;
                self.bond.get_or_init(|| bond)
            }
        };
        let resumption = Resumption::new(bond.clone(), role);
        Ok((self.server().config(&resumption, tickets), resumption))
    }

    /// Called when the control connection's handshake is done.
    pub(crate) fn opened(&self, connection: &ServerConnection, resumed: bool) -> Result<(), &'static str> {
        if let Some(chain) = connection.peer_certificates() {
            let _ = self.peer.set(chain.iter().map(|der| der.clone().into_owned()).collect());
        }
        self.check()?;
        self.say(|| {
            let version = connection.protocol_version().map_or("TLS", version);
            let cipher = connection.negotiated_cipher_suite().map(suites::name).unwrap_or_default();
            let bits = connection.negotiated_cipher_suite().map_or(0, suites::bits);
            let resumed = if resumed { ", resumed" } else { "" };
            let peer = self.peer().first().and_then(|der| Facts::of(der).ok());
            let peer = peer.map_or_else(String::new, |facts| format!(", client certificate of {}", facts.subject));
            format!("{version} connection accepted, using cipher {cipher} ({bits} bits){resumed}{peer}")
        });
        Ok(())
    }

    /// Whether the client's certificate, if there is one, has the client's name or address, if
    /// TLSOptions requires that.
    fn check(&self) -> Result<(), &'static str> {
        let (options, Some(shown)) = (&self.server().options, self.peer().first()) else { return Ok(()) };
        let holder = || Holder::of(shown).map_err(|_| "the client's certificate cannot be read");
        // As in the manual, names count only if the server looks them up.
        if let Some(host) = &self.host {
            if options.common_name_required && !holder()?.has_common_name(host) {
                return Err("the client's certificate does not have its host's name (CommonNameRequired)");
            }
            if options.dns_name_required && !holder()?.has_host(host) {
                return Err("the client's certificate does not have its host's name (dNSNameRequired)");
            }
        }
        match options.ip_address_required && !holder()?.has_address(self.about.remote.ip()) {
            true => Err("the client's certificate does not have its address (iPAddressRequired)"),
            false => Ok(()),
        }
    }

    /// The client's certificates.
    pub(crate) fn peer(&self) -> &[CertificateDer<'static>] {
        self.peer.get().map_or(&[], Vec::as_slice)
    }

    /// Whether data connections may use other TLS sessions.
    pub(crate) fn allows_any_session(&self) -> bool {
        self.server().options.no_reuse_required
    }

    /// Whether its handshake used a server's parameters.
    pub(crate) fn is_of(&self, server: &Arc<Server>) -> bool {
        Arc::ptr_eq(self.server(), server)
    }

    /// TLSTimeoutHandshake.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.server().patience
    }

    /// Whether an upload must end with close_notify.
    pub(crate) fn requires_close(&self) -> bool {
        self.server().options.close_notify_required
    }

    /// Writes to TLSLog, or else to the daemon's log.
    pub(crate) fn say(&self, text: impl Fn() -> String) {
        match &self.server().log {
            Some(log) => log.write(&self.about, &text()),
            None => log!(Debug, "{}: {}", self.about, text()),
        }
    }
}

/// A version's name.
pub(crate) fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "TLS",
    }
}
