//! Services connect modules. One module publishes, another asks by interface and name; neither
//! depends on the other's package. Every call is guarded in the provider's image. A service lives
//! as long as its generation.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::account::Account;
use crate::error::{Error, Result};
use crate::guard::{Guarded, Home, Output, guarded};
use crate::ids::{SectionId, ServerId};
use crate::notes::Notes;
use crate::path::VirtualPath;
use crate::quota::QuotaSource;
use crate::session::Session;
use crate::store::Store;
use crate::system::System;
use crate::variable::Variable;

/// A published service; one variant per interface.
#[derive(Clone)]
pub enum Service {
    /// Knows users; asked in AuthOrder. Named after its module.
    Authenticator(Arc<dyn Authenticator>),
    /// Judges passwords of users that authenticators know; asked in AuthOrder, too. Named
    /// after its module.
    PasswordJudge(Arc<dyn PasswordJudge>),
    /// Keeps quota tables. Named as in QuotaLimitTable and QuotaTallyTable.
    QuotaSource(Arc<dyn QuotaSource>),
    /// Talks to a database. Named as in SQLBackend.
    SqlBackend(Arc<dyn SqlBackend>),
    /// Judges passwords that a database keeps. Named as in SQLAuthTypes.
    SqlPasswords(Arc<dyn SqlPasswords>),
    /// Runs the SQLNamedQuery statements of the configuration.
    SqlQueries(Arc<dyn SqlQueries>),
    /// Holds files. Named as in FileStore.
    Store(Arc<dyn Store<Place = VirtualPath>>),
}

/// The services of a generation, in module order.
#[derive(Default)]
pub struct Services {
    entries: Vec<(String, Service)>,
    variables: Vec<Variable>,
    system: Option<Arc<dyn System>>,
}

impl Services {
    /// The authenticators with their names.
    pub fn authenticators(&self) -> impl Iterator<Item = (&str, &Arc<dyn Authenticator>)> {
        self.entries.iter().filter_map(|(name, service)| match service {
            Service::Authenticator(found) => Some((name.as_str(), found)),
            _ => None,
        })
    }

    /// The judges of passwords with their names.
    pub fn password_judges(&self) -> impl Iterator<Item = (&str, &Arc<dyn PasswordJudge>)> {
        self.entries.iter().filter_map(|(name, service)| match service {
            Service::PasswordJudge(found) => Some((name.as_str(), found)),
            _ => None,
        })
    }

    /// The names of authenticators and judges of passwords, in the modules' order.
    pub fn login_names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|(name, service)| match service {
            Service::Authenticator(_) | Service::PasswordJudge(_) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The host's own users.
    ///
    /// # Errors
    /// There is no server that would ask the host.
    pub fn system(&self) -> Result<&Arc<dyn System>> {
        self.system.as_ref().ok_or_else(|| Error::system("the host's users cannot be asked for here"))
    }

    /// Gives modules the host's users. The server does, before it starts any module.
    pub fn set_system(&mut self, system: Arc<dyn System>) {
        self.system = Some(system);
    }

    /// The source of quota tables with this name.
    pub fn quota_source(&self, name: &str) -> Option<&Arc<dyn QuotaSource>> {
        self.entries.iter().find_map(|(found, service)| match service {
            Service::QuotaSource(source) if found.eq_ignore_ascii_case(name) => Some(source),
            _ => None,
        })
    }

    /// The SQL back end with this name.
    pub fn sql_backend(&self, name: &str) -> Option<Arc<dyn SqlBackend>> {
        self.entries.iter().find_map(|(found, service)| match service {
            Service::SqlBackend(backend) if found.eq_ignore_ascii_case(name) => Some(backend.clone()),
            _ => None,
        })
    }

    /// The names of the SQL back ends.
    pub fn sql_backend_names(&self) -> impl Iterator<Item = &str> {
        let backends = self.entries.iter().filter(|(_, service)| matches!(service, Service::SqlBackend(_)));
        backends.map(|(name, _)| name.as_str())
    }

    /// What judges passwords of this type in SQLAuthTypes.
    pub fn sql_passwords(&self, name: &str) -> Option<Arc<dyn SqlPasswords>> {
        self.entries.iter().find_map(|(found, service)| match service {
            Service::SqlPasswords(passwords) if found.eq_ignore_ascii_case(name) => Some(passwords.clone()),
            _ => None,
        })
    }

    /// The variables that modules contribute, including those of modules that start later.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Adds variables. The server does so before it starts any module.
    pub fn contribute(&mut self, variables: impl IntoIterator<Item = Variable>) {
        self.variables.extend(variables);
    }

    /// The store with this name.
    pub fn store(&self, name: &str) -> Option<&Arc<dyn Store<Place = VirtualPath>>> {
        self.entries.iter().find_map(|(found, service)| match service {
            Service::Store(store) if found.eq_ignore_ascii_case(name) => Some(store),
            _ => None,
        })
    }

    /// The service that runs named SQL queries.
    pub fn sql_queries(&self) -> Option<&Arc<dyn SqlQueries>> {
        self.entries.iter().find_map(|(_, service)| match service {
            Service::SqlQueries(queries) => Some(queries),
            _ => None,
        })
    }
}

/// Adds a module's services to its generation, each guarded in the module's image.
pub struct Publisher<'a> {
    home: &'a Home,
    services: &'a mut Services,
}

impl<'a> Publisher<'a> {
    /// For the module at `home`.
    pub(crate) fn new(home: &'a Home, services: &'a mut Services) -> Self {
        Self { home, services }
    }

    /// Publishes an authenticator under a name.
    pub fn authenticator<S: Authenticator + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::Authenticator(service));
    }

    /// Publishes a judge of passwords under a name.
    pub fn password_judge<S: PasswordJudge + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::PasswordJudge(service));
    }

    /// Publishes a source of quota tables under a name.
    pub fn quota_source<S: QuotaSource + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::QuotaSource(service));
    }

    /// Publishes a database's back end under a name.
    pub fn sql_backend<S: SqlBackend + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::SqlBackend(service));
    }

    /// Publishes what judges passwords of one type, under its name in SQLAuthTypes.
    pub fn sql_passwords<S: SqlPasswords + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::SqlPasswords(service));
    }

    /// Publishes a service that runs named queries, under a name.
    pub fn sql_queries<S: SqlQueries + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::SqlQueries(service));
    }

    /// Publishes a store under a name.
    pub fn store<S: Store<Place = VirtualPath> + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::Store(service));
    }

    fn guarded<S>(&self, service: S) -> Guarded<S> {
        Guarded::new(self.home.clone(), service)
    }

    fn add(&mut self, name: &str, service: Service) {
        self.services.entries.push((name.to_owned(), service));
    }
}

/// A login attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginRequest {
    /// The session's number ([`Session::id`]).
    pub session: u64,
    /// The server that the client is connected to.
    pub server: ServerId,
    /// The name from USER.
    pub user: String,
    /// The client's address.
    pub address: IpAddr,
    /// The client's host name, or its address if the name is unknown.
    pub host: String,
    /// The `<Anonymous>` section that the name belongs to; `None` for the server itself.
    pub section: Option<SectionId>,
    /// The client's `<Class>`.
    pub class: Option<Arc<str>>,
    /// The client's port.
    pub port: u16,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The server's ServerName.
    pub server_name: Arc<str>,
    /// The session's notes at this time.
    pub notes: Notes,
}

impl LoginRequest {
    /// A session's request to log in as `user`: the name from USER, or the user that it is an alias
    /// for.
    pub fn new(session: &Session, user: impl Into<String>) -> Self {
        Self {
            session: session.id,
            server: session.server,
            user: user.into(),
            address: session.remote.ip(),
            host: session.remote_host.clone(),
            section: session.section,
            class: session.class.clone(),
            port: session.remote.port(),
            local: session.local,
            server_name: session.server_name.clone(),
            notes: session.notes.clone(),
        }
    }
}

/// An authenticator's verdict on a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is correct.
    Accepted,
    /// It is wrong; no other authenticator is asked.
    Rejected,
    /// This authenticator cannot tell; the next one is asked.
    Unknown,
}

impl Output for Verdict {}

guarded! {
    /// Knows users and checks passwords.
    pub trait Authenticator: Send + Sync {
        /// Looks a user up.
        async fn account(&self, request: &LoginRequest) -> Result<Option<Account>>;
        /// Checks a password for an account that this authenticator found.
        async fn verify(&self, request: &LoginRequest, account: &Account, password: &[u8]) -> Result<Verdict>;
        /// The name of a user by its id, for listings. `request` is of the session that lists. Asked
        /// for ids that the system does not know.
        async fn user_name(&self, _request: &LoginRequest, _uid: u32) -> Result<Option<String>> {
            Ok(None)
        }
        /// The name of a group by its id, likewise.
        async fn group_name(&self, _request: &LoginRequest, _gid: u32) -> Result<Option<String>> {
            Ok(None)
        }
    }
}

guarded! {
    /// Judges passwords of users whom authenticators know. It knows no accounts itself.
    pub trait PasswordJudge: Send + Sync {
        /// Judges the password of an account. `Rejected` is final only where AuthOrder says
        /// so of this judge (`*`); else the next one is asked.
        async fn judge(&self, request: &LoginRequest, account: &Account, password: &[u8]) -> Result<Verdict>;
        /// Takes as long as [`PasswordJudge::judge`] with a wrong password: nobody knows a
        /// user of that name.
        async fn refuse(&self, request: &LoginRequest, password: &[u8]) -> Result<()>;
    }
}

/// The location of a database and how to connect to it, from SQLConnectInfo.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SqlConnect {
    /// The database, in the back end's notation.
    pub database: String,
    /// The user, if the back end has users.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// How long an unused connection stays open, if SQLConnectInfo has a number as its policy.
    pub idle: Option<Duration>,
    /// The parameters `name:value`, as (name, value) in order: `ssl-ca`, `pool-size` and others.
    /// The back end knows which there are.
    pub parameters: Vec<(String, String)>,
}

/// Without the password.
impl std::fmt::Debug for SqlConnect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SqlConnect")
            .field("database", &self.database)
            .field("user", &self.user)
            .field("idle", &self.idle)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// A value of a database.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl SqlValue {
    /// As text; `None` for NULL.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Int(number) => Some(number.to_string()),
            Self::Real(number) => Some(number.to_string()),
            Self::Text(text) => Some(text),
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

/// A statement whose values are all bound. The pieces of text surround the parameters, so there is
/// one more piece than parameters. The back end puts its own placeholder between two pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlStatement {
    /// Text that comes only from the configuration.
    pub pieces: Vec<String>,
    /// The values.
    pub parameters: Vec<SqlValue>,
}

/// The result of a statement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SqlRows {
    /// The rows, each with one value per column.
    pub rows: Vec<Vec<SqlValue>>,
    /// The number of changed rows.
    pub affected: u64,
}

impl Output for SqlRows {}

/// A back end's handle for an open pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SqlPool(pub u64);

guarded! {
    /// Talks to one kind of database. An error that is the configuration's fault means that the
    /// database refuses what the configuration says (wrong password, no such table); any other
    /// one means that the database could not be asked.
    pub trait SqlBackend: Send + Sync {
        /// Opens a pool of connections. A database that does not answer now is no error: that is
        /// logged, and each statement tries anew.
        async fn open(&self, connect: &SqlConnect) -> Result<SqlPool>;
        /// Has the database compile a statement without running it. The values are not looked at.
        async fn check(&self, pool: SqlPool, statement: &SqlStatement) -> Result<()>;
        /// Runs a statement.
        async fn run(&self, pool: SqlPool, statement: &SqlStatement) -> Result<SqlRows>;
        /// Judges a user's password in the database's own scheme (`Backend` in SQLAuthTypes). It
        /// does not become part of a statement. `Unknown` means that the stored text is in no
        /// such scheme.
        async fn verify(&self, user: &str, stored: &str, password: &[u8]) -> Result<Verdict>;
        /// Finishes pending work and closes a pool.
        async fn close(&self, pool: SqlPool) -> Result<()>;
    }
}

impl Output for SqlPool {}

guarded! {
    /// The named queries of the configuration.
    pub trait SqlQueries: Send + Sync {
        /// Runs a named query with `%{0}`, `%{1}`... bound to the arguments.
        async fn run(&self, server: ServerId, name: &str, arguments: &[String]) -> Result<SqlRows>;
    }
}

/// A password as a database keeps it, and what is needed to judge it.
#[derive(Clone, PartialEq)]
pub struct SqlSecret {
    /// The server that the client is connected to.
    pub server: ServerId,
    /// The name in SQLAuthTypes.
    pub auth_type: String,
    /// The name from USER.
    pub user: String,
    /// What the database has in place of the password.
    pub stored: String,
    /// The rows of the queries that [`SqlPasswords::queries`] names, in the same order.
    pub found: Vec<SqlRows>,
}

guarded! {
    /// Judges passwords of one or more types in SQLAuthTypes. It runs no queries: mod_sql runs
    /// those that it needs.
    pub trait SqlPasswords: Send + Sync {
        /// The named queries whose rows a judgement needs, each run with the user's name as `%{0}`.
        async fn queries(&self, server: ServerId, auth_type: &str) -> Result<Vec<String>>;
        /// Judges a password. `Unknown` means that the type is switched off on this server.
        async fn verify(&self, secret: &SqlSecret, password: &[u8]) -> Result<Verdict>;
    }
}
