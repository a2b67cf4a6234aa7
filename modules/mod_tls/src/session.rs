//! One session's TLS: what its connections have in common.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gantry_api::{Error, Result, Session, log};
use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::facts::Facts;
use crate::log_file::About;
use crate::peer::Holder;
use crate::server::Server;
use crate::suites;
use crate::tickets::{Bond, Resumption, Role};

/// Tickets that a control connection gives a client of TLSv1.3: some clients use each once.
const CONTROL_TICKETS: usize = 8;
/// Tickets that a data connection gives. Uploads do so too: curl reads them, and uses each once.
const DATA_TICKETS: usize = 2;

/// One session's TLS, from AUTH on.
pub(crate) struct Tls {
    server: Arc<Server>,
    bond: Arc<Bond>,
    about: About,
    /// The client's name, where the server looks names up.
    host: Option<String>,
    /// The certificates that the client has shown, its own first.
    peer: OnceLock<Vec<CertificateDer<'static>>>,
}

impl Tls {
    /// Of a session that begins to protect its control connection.
    pub(crate) fn new(server: Arc<Server>, session: &Session, looks_up: bool) -> Result<Arc<Self>> {
        let bond = server.bond().ok_or_else(|| Error::system("the system has no random numbers"))?;
        let host = looks_up.then(|| session.remote_host.clone());
        Ok(Arc::new(Self { server, bond, about: About::of(session), host, peer: OnceLock::new() }))
    }

    /// What a connection resumes.
    pub(crate) fn resumption(&self, role: Role) -> Arc<Resumption> {
        Resumption::new(self.bond.clone(), role)
    }

    /// How the control connection's handshake is made, for a client that names a host or does not.
    pub(crate) fn control(&self, resumption: &Arc<Resumption>, _server_name: Option<&str>) -> Arc<ServerConfig> {
        self.server.config(resumption, CONTROL_TICKETS)
    }

    /// How a data connection's handshake is made.
    pub(crate) fn data(&self, resumption: &Arc<Resumption>) -> Arc<ServerConfig> {
        self.server.config(resumption, DATA_TICKETS)
    }

    /// The control connection is open.
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

    /// Whether the client's certificate, if it has one, names where the client is, as TLSOptions demands.
    fn check(&self) -> Result<(), &'static str> {
        let (options, Some(shown)) = (&self.server.options, self.peer().first()) else { return Ok(()) };
        let holder = || Holder::of(shown).map_err(|_| "the client's certificate cannot be read");
        // As the manual has it, names count only where the server looks them up.
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

    /// The certificates that the client has shown.
    pub(crate) fn peer(&self) -> &[CertificateDer<'static>] {
        self.peer.get().map_or(&[], Vec::as_slice)
    }

    /// Whether data connections may be of any TLS session.
    pub(crate) fn allows_any_session(&self) -> bool {
        self.server.options.no_reuse_required
    }

    /// Whether its handshake was made by a server's rules.
    pub(crate) fn is_of(&self, server: &Arc<Server>) -> bool {
        Arc::ptr_eq(&self.server, server)
    }

    /// TLSTimeoutHandshake.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.server.patience
    }

    /// Whether an upload needs a close_notify at its end.
    pub(crate) fn requires_close(&self) -> bool {
        self.server.options.close_notify_required
    }

    /// Writes to TLSLog, else to the daemon's log.
    pub(crate) fn say(&self, text: impl Fn() -> String) {
        match &self.server.log {
            Some(log) => log.write(&self.about, text()),
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
