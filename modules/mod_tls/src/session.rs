//! One session's TLS: what its connections have in common.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gantry_api::transfer::Direction;
use gantry_api::{Error, Result, Session, log};
use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::facts::Facts;
use crate::log_file::About;
use crate::server::Server;
use crate::suites;
use crate::tickets::{Bond, Resumption, Role};

/// Tickets that a control connection gives a client of TLSv1.3. Some clients use each once, and get new ones with
/// downloads and listings alone.
const CONTROL_TICKETS: usize = 8;
/// Tickets that a download or a listing gives.
const DATA_TICKETS: usize = 2;

/// One session's TLS, from AUTH on.
pub(crate) struct Tls {
    server: Arc<Server>,
    bond: Arc<Bond>,
    about: About,
    /// The certificates that the client has shown, its own first.
    peer: OnceLock<Vec<CertificateDer<'static>>>,
}

impl Tls {
    /// Of a session that begins to protect its control connection.
    pub(crate) fn new(server: Arc<Server>, session: &Session) -> Result<Arc<Self>> {
        let bond = server.bond().ok_or_else(|| Error::system("the system has no random numbers"))?;
        Ok(Arc::new(Self { server, bond, about: About::of(session), peer: OnceLock::new() }))
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
    pub(crate) fn data(&self, resumption: &Arc<Resumption>, direction: Direction) -> Arc<ServerConfig> {
        let tickets = match direction {
            Direction::Out => DATA_TICKETS,
            // The client of an upload would not read them, and the system takes what it has sent for lost when it
            // closes a connection with unread bytes.
            Direction::In => 0,
        };
        self.server.config(resumption, tickets)
    }

    /// The control connection is open.
    pub(crate) fn opened(&self, connection: &ServerConnection, resumed: bool) {
        if let Some(chain) = connection.peer_certificates() {
            let _ = self.peer.set(chain.iter().map(|der| der.clone().into_owned()).collect());
        }
        self.say(|| {
            let version = connection.protocol_version().map_or("TLS", version);
            let cipher = connection.negotiated_cipher_suite().map(suites::name).unwrap_or_default();
            let bits = connection.negotiated_cipher_suite().map_or(0, suites::bits);
            let resumed = if resumed { ", resumed" } else { "" };
            let peer = self.peer().first().and_then(|der| Facts::of(der).ok());
            let peer = peer.map_or_else(String::new, |facts| format!(", client certificate of {}", facts.subject));
            format!("{version} connection accepted, using cipher {cipher} ({bits} bits){resumed}{peer}")
        });
    }

    /// The certificates that the client has shown.
    pub(crate) fn peer(&self) -> &[CertificateDer<'static>] {
        self.peer.get().map_or(&[], Vec::as_slice)
    }

    /// Whether data connections may be of any TLS session.
    pub(crate) fn allows_any_session(&self) -> bool {
        self.server.options.no_reuse_required
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
