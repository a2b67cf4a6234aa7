//! One server of a directory, with a pool of connections for searches and one for binds as users. What was bound as a
//! user never searches.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gantry_api::log;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError};
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::request::{self, Answer, Failure, Limits, Request};
use crate::setup::Setup;
use crate::values::{BindAs, Sasl, Server};

/// The most connections of a pool.
const MOST: usize = 10;
/// How long a connection may be idle: less than firewalls allow.
const IDLE: Duration = Duration::from_secs(60);
/// How long a server is left alone at first, after it has not answered; twice as long each time.
const FIRST_REST: Duration = Duration::from_secs(1);
/// How long it is left alone at most.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// A server.
pub(crate) struct Endpoint {
    name: String,
    url: String,
    scope: ldap3::Scope,
    connection: LdapConnSettings,
    bind: BindAs,
    sasl: Option<Sasl>,
    limits: Limits,
    searches: Pool,
    binds: Pool,
    health: Mutex<Health>,
}

/// For logs.
impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

/// A request to a server whose answer the library may not be able to read: then it panics.
struct Unread<'a> {
    endpoint: &'a Endpoint,
    known: u64,
}

impl Drop for Unread<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.endpoint.failed(self.known, "its answer cannot be read");
        }
    }
}

/// Why a connection cannot be used any more.
enum Lost {
    /// The server has closed it.
    Closed(String),
    /// It does not answer in time.
    Silent(String),
}

impl Endpoint {
    /// Opens no connection.
    pub(crate) fn new(
        server: &Server,
        scope: ldap3::Scope,
        tls: Arc<ClientConfig>,
        setup: &Setup,
        limits: Limits,
    ) -> Self {
        Self {
            name: server.word.clone(),
            url: server.url.clone(),
            scope,
            connection: LdapConnSettings::new().set_config(tls).set_starttls(setup.starts_tls && !server.is_socket()),
            bind: setup.bind.clone().unwrap_or(BindAs { dn: String::new(), password: String::new() }),
            sasl: setup.sasl,
            limits,
            searches: Pool::default(),
            binds: Pool::default(),
            health: Mutex::default(),
        }
    }

    /// Answers a request, if it can.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).rests().map_err(Failure::Unavailable)?;
        let pool = match request {
            Request::Search(_) => &self.searches,
            Request::Bind { .. } => &self.binds,
        };
        let Ok(Ok(_slot)) = timeout(self.limits.query, pool.slots.acquire()).await else {
            return Err(Failure::Unavailable(format!("all {MOST} connections are in use")));
        };
        // Another may have found out while this one waited.
        let known = self.claim().map_err(Failure::Unavailable)?;
        let _unread = Unread { endpoint: self, known };
        self.ask_once(pool, known, request).await
    }

    async fn ask_once(&self, pool: &Pool, known: u64, request: &Request) -> Result<Answer, Failure> {
        while let Some(mut ldap) = pool.take() {
            match self.perform(&mut ldap, request).await {
                Ok(answer) => return self.answered(pool, known, ldap, answer),
                // The server ends idle connections, or has been started again.
                Err(Lost::Closed(_)) => {}
                Err(Lost::Silent(why)) => {
                    // The others will not answer either.
                    pool.clear();
                    return Err(Failure::Unavailable(why));
                }
            }
        }
        let made = async {
            let mut ldap = self.connect(request).await?;
            match self.perform(&mut ldap, request).await {
                Ok(answer) => Ok((ldap, answer)),
                Err(Lost::Closed(why) | Lost::Silent(why)) => Err(why),
            }
        };
        match made.await {
            Ok((ldap, answer)) => self.answered(pool, known, ldap, answer),
            Err(why) => {
                self.failed(known, &why);
                Err(Failure::Unavailable(why))
            }
        }
    }

    fn answered(
        &self,
        pool: &Pool,
        known: u64,
        ldap: Ldap,
        answer: Result<Answer, Failure>,
    ) -> Result<Answer, Failure> {
        if !matches!(answer, Err(Failure::Unavailable(_))) {
            self.recovered(known);
            pool.give(ldap);
        }
        answer
    }

    /// Sends a request and waits for the answer.
    async fn perform(&self, ldap: &mut Ldap, request: &Request) -> Result<Result<Answer, Failure>, Lost> {
        match timeout(self.limits.query, request::send(ldap, request, self.scope, self.limits)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Lost::Closed(words(&error))),
            Err(_) => Err(Lost::Silent(format!("it does not answer within {} s", self.limits.query.as_secs()))),
        }
    }

    /// A new connection; for searches, bound.
    async fn connect(&self, request: &Request) -> Result<Ldap, String> {
        let made = async {
            let made = LdapConnAsync::with_settings(self.connection.clone(), &self.url).await;
            let (connection, mut ldap) = made.map_err(|error| words(&error))?;
            // It ends with the last handle, or with the server's end.
            tokio::spawn(async move {
                if let Err(error) = connection.drive().await {
                    log!(Debug, "a connection has ended: {}", words(&error));
                }
            });
            if let Request::Search(_) = request {
                self.introduce(&mut ldap).await?;
            }
            Ok(ldap)
        };
        match timeout(self.limits.connect, made).await {
            Ok(made) => made,
            Err(_) => Err(format!("no connection within {} s", self.limits.connect.as_secs())),
        }
    }

    /// Binds as LDAPBindDN.
    async fn introduce(&self, ldap: &mut Ldap) -> Result<(), String> {
        let needs_password = !matches!(self.sasl, Some(Sasl::External | Sasl::Anonymous));
        if needs_password && !self.bind.dn.is_empty() && self.bind.password.is_empty() {
            // The server would take it as a bind of nobody, and accept it.
            return Err("LDAPBindDN has no password".to_owned());
        }
        let answer = match self.sasl {
            Some(Sasl::External) => ldap.sasl_external_bind().await,
            Some(Sasl::Anonymous) => ldap.simple_bind("", "").await,
            Some(Sasl::Plain | Sasl::Challenge) | None => ldap.simple_bind(&self.bind.dn, &self.bind.password).await,
        };
        let answer = answer.map_err(|error| words(&error))?;
        let who = match self.sasl {
            Some(Sasl::External) => "by SASL EXTERNAL".to_owned(),
            _ if self.bind.dn.is_empty() => "of nobody".to_owned(),
            _ => format!("as {} (LDAPBindDN)", self.bind.dn),
        };
        match answer.rc {
            0 => Ok(()),
            _ => Err(format!("it refuses the bind {who}: {}", request::result_words(&answer))),
        }
    }

    /// How often it has failed so far, if it may be asked. Of those who come when it has rested, one asks, and the others
    /// go on without it until that one knows.
    fn claim(&self) -> Result<u64, String> {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.rests()?;
        if health.rests_until.is_some() {
            health.rests_until = Some(Instant::now() + self.limits.connect + self.limits.query);
        }
        Ok(health.failures)
    }

    /// It has not answered one that had known of `known` failures.
    fn failed(&self, known: u64, why: &str) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.failures != known {
            return;
        }
        let rest = health.rest.map_or(FIRST_REST, |rest| (rest * 2).min(LONGEST_REST));
        match health.rest {
            None => log!(Error, "LDAPServer {self}: {why}; it is asked again from time to time"),
            Some(_) => log!(Debug, "LDAPServer {self}: {why}; not asked for {} s", rest.as_secs()),
        }
        *health = Health {
            failures: health.failures.wrapping_add(1),
            rest: Some(rest),
            rests_until: Some(Instant::now() + rest),
            why: why.to_owned(),
        };
    }

    /// It has answered one that had known of `known` failures: old news, if there were more since.
    fn recovered(&self, known: u64) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.failures != known {
            return;
        }
        if health.rest.take().is_some() {
            log!(Info, "LDAPServer {self}: it answers again");
        }
        health.rests_until = None;
    }
}

/// Whether a server answers.
#[derive(Debug, Default)]
struct Health {
    /// How often it did not.
    failures: u64,
    /// How long it is left alone; none while it answers.
    rest: Option<Duration>,
    rests_until: Option<Instant>,
    why: String,
}

impl Health {
    /// Fails while it is left alone, and says why.
    fn rests(&self) -> Result<(), String> {
        match self.rests_until {
            Some(until) if Instant::now() < until => Err(format!("{} (not asked again yet)", self.why)),
            _ => Ok(()),
        }
    }
}

/// Connections of one kind.
struct Pool {
    /// Limits those in use.
    slots: Semaphore,
    idle: Mutex<Vec<(Ldap, Instant)>>,
}

impl Default for Pool {
    fn default() -> Self {
        Self { slots: Semaphore::new(MOST), idle: Mutex::default() }
    }
}

impl Pool {
    /// An idle connection that is not known to be closed.
    fn take(&self) -> Option<Ldap> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain_mut(|(ldap, since)| since.elapsed() < IDLE && !ldap.is_closed());
        idle.pop().map(|(ldap, _)| ldap)
    }

    fn give(&self, mut ldap: Ldap) {
        if !ldap.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((ldap, Instant::now()));
        }
    }

    fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// An error in the words of an administrator.
fn words(error: &LdapError) -> String {
    match error {
        LdapError::Io { source } => {
            let text = source.to_string();
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
        LdapError::LdapResult { result } => request::result_words(result),
        LdapError::OpSend { .. }
        | LdapError::ResultRecv { .. }
        | LdapError::IdScrubSend { .. }
        | LdapError::EndOfStream => "it has closed the connection".to_owned(),
        other => other.to_string(),
    }
}
