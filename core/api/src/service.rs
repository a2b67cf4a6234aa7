//! Services: how modules meet. One publishes, another asks by interface and
//! name; neither names the other's package. Every call is guarded in the
//! provider's image. A service lives as long as its generation.

use std::net::IpAddr;
use std::sync::Arc;

use crate::account::Account;
use crate::error::Result;
use crate::guard::{Guarded, Home, Output, guarded};
use crate::path::VirtualPath;
use crate::session::{ServerId, Session};
use crate::store::Store;
use crate::variable::Variable;

/// A published service: one variant an interface.
#[derive(Clone)]
pub enum Service {
    /// Knows users; asked in AuthOrder. Named after its module.
    Authenticator(Arc<dyn Authenticator>),
    /// Speaks to a database. Named as SQLBackend names it.
    SqlBackend(Arc<dyn SqlBackend>),
    /// Runs the SQLNamedQuery statements of the configuration.
    SqlQueries(Arc<dyn SqlQueries>),
    /// Holds files. Named as FileStore names it.
    Store(Arc<dyn Store<Place = VirtualPath>>),
}

/// The services of a generation, in the order of their modules.
#[derive(Default)]
pub struct Services {
    entries: Vec<(String, Service)>,
    variables: Vec<Variable>,
}

impl Services {
    /// The authenticators with their names.
    pub fn authenticators(&self) -> impl Iterator<Item = (&str, &Arc<dyn Authenticator>)> {
        self.entries.iter().filter_map(|(name, service)| match service {
            Service::Authenticator(found) => Some((name.as_str(), found)),
            _ => None,
        })
    }

    /// The SQL back end of a name.
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

    /// The variables that modules contribute, those of modules to come included.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Adds variables. The server does, before it starts any module.
    pub fn contribute(&mut self, variables: impl IntoIterator<Item = Variable>) {
        self.variables.extend(variables);
    }

    /// The store of a name.
    pub fn store(&self, name: &str) -> Option<&Arc<dyn Store<Place = VirtualPath>>> {
        self.entries.iter().find_map(|(found, service)| match service {
            Service::Store(store) if found.eq_ignore_ascii_case(name) => Some(store),
            _ => None,
        })
    }

    /// SQL's named queries.
    pub fn sql_queries(&self) -> Option<&Arc<dyn SqlQueries>> {
        self.entries.iter().find_map(|(_, service)| match service {
            Service::SqlQueries(queries) => Some(queries),
            _ => None,
        })
    }
}

/// Adds a module's services to those of its generation, each guarded in the
/// module's own image.
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

    /// Publishes a database's back end under a name.
    pub fn sql_backend<S: SqlBackend + 'static>(&mut self, name: &str, service: S) {
        let service = Arc::new(self.guarded(service));
        self.add(name, Service::SqlBackend(service));
    }

    /// Publishes what runs named queries, under a name.
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

/// Who wants to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRequest {
    /// The server that the client came to.
    pub server: ServerId,
    /// The name that USER gave.
    pub user: String,
    /// The client's address.
    pub address: IpAddr,
    /// The client's name, or its address where that is not known.
    pub host: String,
    /// The `<Class>` that the client is of.
    pub class: Option<Arc<str>>,
}

impl LoginRequest {
    /// A session's, for a user: who USER named, or whom that name stands for.
    pub fn new(session: &Session, user: impl Into<String>) -> Self {
        Self {
            server: session.server,
            user: user.into(),
            address: session.remote.ip(),
            host: session.remote_host.clone(),
            class: session.class.clone(),
        }
    }
}

/// What an authenticator says of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It fits.
    Accepted,
    /// It does not; no other authenticator is asked.
    Rejected,
    /// This authenticator cannot tell: the next one is asked.
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
    }
}

/// Where a database is: what SQLConnectInfo says.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SqlConnect {
    /// Which database, in the back end's notation.
    pub database: String,
    /// The user, where the back end has users.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
}

/// Without the password.
impl std::fmt::Debug for SqlConnect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SqlConnect")
            .field("database", &self.database)
            .field("user", &self.user)
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
    /// As text; none for NULL.
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

/// A statement whose every value is bound: the pieces of text stand around
/// the parameters, which are one fewer. The back end writes its own
/// placeholder between two pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlStatement {
    /// Text from the configuration alone.
    pub pieces: Vec<String>,
    /// The values.
    pub parameters: Vec<SqlValue>,
}

/// What a statement gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SqlRows {
    /// The rows, each with a value a column.
    pub rows: Vec<Vec<SqlValue>>,
    /// How many rows it changed.
    pub affected: u64,
}

impl Output for SqlRows {}

/// A back end's name for an open pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SqlPool(pub u64);

guarded! {
    /// Speaks to one kind of database.
    pub trait SqlBackend: Send + Sync {
        /// Opens a pool of connections and sees that the database answers.
        async fn open(&self, connect: &SqlConnect) -> Result<SqlPool>;
        /// Runs a statement.
        async fn run(&self, pool: SqlPool, statement: &SqlStatement) -> Result<SqlRows>;
        /// Finishes what is under way and closes a pool.
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
