//! One server of the configuration, with the parameters of its handshakes.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use gantry_api::log;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};

use crate::certificate::{self, Identity};
use crate::facts::{Facts, SOON};
use crate::files::{self, Stamp};
use crate::log_file::Log;
use crate::options::Options;
use crate::peer::Attribute;
use crate::phrase::Provider;
use crate::settings::{self, Settings};
use crate::tickets::{Bond, Cache, Keys, Resumption};
use crate::words::Verify;
use crate::{clients, curves, suites};

/// The protocol that clients may name (ALPN).
const PROTOCOL: &[u8] = b"ftp";
/// The most tickets that a client may request (RFC 9149).
const MOST_TICKETS: usize = 64;

/// A server with TLSEngine on.
pub(crate) struct Server {
    /// Its name and port.
    pub(crate) place: String,
    /// TLSOptions.
    pub(crate) options: Options,
    /// TLSVerifyClient.
    pub(crate) verify: Verify,
    /// TLSUserName.
    pub(crate) attribute: Option<Attribute>,
    /// The time limit of a handshake.
    pub(crate) patience: Option<Duration>,
    /// TLSLog.
    pub(crate) log: Option<Log>,
    /// The common parameters of all handshakes, from the present files.
    config: RwLock<HandshakeConfig>,
    settings: Settings,
    provider: Provider,
    keys: Arc<Keys>,
    cache: Option<Arc<Cache>>,
    shares: bool,
}

struct HandshakeConfig {
    config: Arc<ServerConfig>,
    facts: Vec<Facts>,
    files: Stamps,
}

/// The versions of all files that a server reads.
type Stamps = Vec<Option<Stamp>>;

/// What the servers of a configuration share.
pub(crate) struct SharedState {
    /// The keys for tickets.
    pub(crate) keys: Arc<Keys>,
    /// The cache for later control connections.
    pub(crate) cache: Option<Arc<Cache>>,
}

impl SharedState {
    /// From TLSSessionTicketKeys and TLSSessionCache.
    pub(crate) fn new(settings: &settings::Resumption) -> Self {
        let count = usize::try_from(settings.keys.count).unwrap_or(1);
        let cache = settings.cache.map(|cache| Arc::new(Cache::new(Duration::from_secs(cache.lifetime))));
        Self { keys: Arc::new(Keys::new(Duration::from_secs(settings.keys.age), count)), cache }
    }
}

impl Server {
    /// Reads a server's files; an error names the file or the directive.
    pub(crate) fn load(settings: &Settings, shared: &SharedState, provider: Provider) -> Result<Self, String> {
        let log = settings.log_target().as_ref().map(Log::open).transpose();
        let log = log.map_err(|error| error.message().to_owned())?;
        let timeout = settings.handshakes.timeout;
        // A client that must show a certificate shows it each time, because it may have been
        // revoked meanwhile.
        let may_share = settings.clients.verify == Verify::Off;
        Ok(Self {
            place: settings.place(),
            options: Options::of(&settings.options),
            verify: settings.clients.verify,
            attribute: settings.clients.user_name.as_deref().map(Attribute::named),
            patience: (timeout > 0).then(|| Duration::from_secs(timeout)),
            log,
            config: RwLock::new(make(settings, &provider)?),
            provider,
            settings: settings.clone(),
            keys: shared.keys.clone(),
            cache: shared.cache.clone().filter(|_| may_share),
            shares: may_share && (settings.resumption.tickets || shared.cache.is_some()),
        })
    }

    /// What a control connection and its data connections can resume; `None` if the system has no
    /// random numbers.
    pub(crate) fn bond(&self) -> Option<Arc<Bond>> {
        Bond::new(self.keys.clone(), self.shares, self.cache.clone())
    }

    /// The parameters for one connection's handshake, which gives the client this many tickets of
    /// TLSv1.3.
    pub(crate) fn config(&self, resumption: &Arc<Resumption>, tickets: usize) -> Arc<ServerConfig> {
        let made = self.config.read().unwrap_or_else(PoisonError::into_inner);
        let mut config = ServerConfig::clone(&made.config);
        config.ticketer = resumption.clone();
        config.session_storage = resumption.clone();
        config.send_tls13_tickets = tickets;
        config.max_tls13_tickets = if tickets > 0 { MOST_TICKETS } else { 0 };
        Arc::new(config)
    }

    /// Reads the server's files again if they have changed. If one cannot be read, nothing changes.
    pub(crate) fn look(&self) {
        let settings = &self.settings;
        let files = stamps(settings);
        if self.config.read().unwrap_or_else(PoisonError::into_inner).files == files {
            return;
        }
        match make(settings, &self.provider) {
            Ok(made) => {
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = made;
                log!(Info, "the certificates were reread: their files have changed");
            }
            Err(error) => {
                // Logged once for each change.
                self.config.write().unwrap_or_else(PoisonError::into_inner).files = files;
                log!(Error, "cannot reread the certificates; the former ones stay in use: {error}");
            }
        }
    }

    /// The data of its certificates.
    pub(crate) fn facts(&self) -> Vec<Facts> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).facts.clone()
    }

    /// Warns about certificates that expire soon or have expired.
    pub(crate) fn warn(&self) {
        for facts in self.facts() {
            match facts.days_left(SystemTime::now()) {
                Some(days) if days >= SOON => {}
                Some(days) => log!(Warn, "the certificate of {} expires in {days} days", facts.subject),
                None => log!(Error, "the certificate of {} has expired", facts.subject),
            }
        }
    }
}

/// Builds the common parameters of all handshakes.
fn make(settings: &Settings, provider: &Provider) -> Result<HandshakeConfig, String> {
    let files = stamps(settings);
    let identity = Identity::load(&settings.certificates, provider)?;
    for facts in &identity.facts {
        facts.check(SystemTime::now())?;
    }
    let facts = identity.facts.clone();
    let cipher_suites = suites::offered(&settings.handshakes.suites, settings.versions)?;
    let kx_groups = curves::offered(settings.handshakes.curves.as_deref());
    let crypto = Arc::new(CryptoProvider { cipher_suites, kx_groups, ..aws_lc_rs::default_provider() });
    let mut versions = Vec::new();
    versions.extend(settings.versions.v1_3.then_some(&TLS13));
    versions.extend(settings.versions.v1_2.then_some(&TLS12));
    let verifier = clients::verifier(&settings.clients, crypto.clone())?;
    let builder = ServerConfig::builder_with_provider(crypto)
        .with_protocol_versions(&versions)
        .map_err(|error| format!("TLSProtocol, TLSCipherSuite and TLSECDHCurve do not fit together: {error}"))?;
    let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(identity));
    config.ignore_client_order = settings.handshakes.own_order;
    if settings.handshakes.next_protocol {
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
    }
    Ok(HandshakeConfig { config: Arc::new(config), facts, files })
}

fn stamps(settings: &Settings) -> Stamps {
    let paths = certificate::paths(&settings.certificates).into_iter().chain(clients::paths(&settings.clients));
    paths.map(|path| files::stamp(&path)).collect()
}
