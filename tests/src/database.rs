//! Database servers for tests, of the kinds in `mariadb` and `postgres`. Each test binary starts one
//! of a kind, in a temporary folder, on a port and a socket of its own; a shell ends it behind the
//! test binary, whatever happens to that. Each test makes a database of its own in it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::config::{Account, Config, PASSWORD_CRYPT, USER};
use crate::instance::{Instance, unprivileged};
pub use crate::instance::{OWNER, OWNER_PASSWORD};
use crate::layout;
use crate::process::{Done, run};
use crate::tls::{Authority, Kind as Key};
use crate::wait;
use crate::{mariadb, postgres};

/// How long a server may take to answer; recovery after a crash is part of it.
const START: Duration = Duration::from_secs(60);

/// A kind of database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// MariaDB.
    MariaDb,
    /// PostgreSQL.
    Postgres,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::MariaDb, Self::Postgres];

    /// Its name in SQLBackend.
    pub fn backend(self) -> &'static str {
        match self {
            Self::MariaDb => "mysql",
            Self::Postgres => "postgres",
        }
    }

    /// Its back end's module.
    pub fn module(self) -> String {
        format!("mod_sql_{}", self.backend())
    }

    fn package(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb-server",
            Self::Postgres => "postgresql",
        }
    }
}

/// A database server.
pub struct Database {
    kind: Kind,
    instance: Instance,
    child: Mutex<Option<Child>>,
    /// Ends the server and removes its folder when its input ends, which is when this process has
    /// ended.
    _watcher: Child,
    /// Readers use the server, a writer stops it.
    usage: RwLock<()>,
}

/// The use of a server that goes on running.
pub struct Used {
    database: &'static Database,
    _running: RwLockReadGuard<'static, ()>,
}

/// The use of a server that nobody else uses meanwhile.
pub struct Owned {
    database: &'static Database,
    _alone: RwLockWriteGuard<'static, ()>,
}

impl std::ops::Deref for Used {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database
    }
}

impl std::ops::Deref for Owned {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database
    }
}

/// The server will be used again.
impl Drop for Owned {
    fn drop(&mut self) {
        if !self.database.runs() {
            self.database.begin();
        }
    }
}

/// A table that nobody else can read.
pub struct Lock {
    child: Child,
    input: Option<ChildStdin>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Database {
    /// A running server. `None` if it is not installed and `GANTRY_TEST_LEAVE_OUT` names it.
    ///
    /// # Panics
    /// If it is missing and may not be left out, or does not start.
    pub fn shared(kind: Kind) -> Option<Used> {
        let database = Self::started(kind)?;
        let running = database.usage.read().unwrap_or_else(PoisonError::into_inner);
        Some(Used { database, _running: running })
    }

    /// A running server that no other test uses meanwhile, so that this one may stop it.
    ///
    /// # Panics
    /// As [`Database::shared`].
    pub fn alone(kind: Kind) -> Option<Owned> {
        let database = Self::started(kind)?;
        let alone = database.usage.write().unwrap_or_else(PoisonError::into_inner);
        Some(Owned { database, _alone: alone })
    }

    fn started(kind: Kind) -> Option<&'static Self> {
        static MARIADB: OnceLock<Option<Database>> = OnceLock::new();
        static POSTGRES: OnceLock<Option<Database>> = OnceLock::new();
        let place = match kind {
            Kind::MariaDb => &MARIADB,
            Kind::Postgres => &POSTGRES,
        };
        place.get_or_init(|| Self::start(kind)).as_ref()
    }

    fn start(kind: Kind) -> Option<Self> {
        let is_there = match kind {
            Kind::MariaDb => mariadb::is_there(),
            Kind::Postgres => postgres::is_there(),
        };
        if !is_there {
            let (package, left_out) = (kind.package(), env::var("GANTRY_TEST_LEAVE_OUT").unwrap_or_default());
            let may = left_out.split_whitespace().any(|word| word == package);
            assert!(may, "{package} is missing: tests/run installs it");
            eprintln!("left out: {package} is missing");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("gantry-test-db-").tempdir().expect("a folder can be made").keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("its mode can be set");
        give(&folder);
        let authority = Authority::new(&folder);
        let signed = authority.sign("server", Key::Ec, &["localhost"]);
        give(&signed.key);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let signal = match kind {
            Kind::MariaDb => "KILL",
            // It takes its children with it.
            Kind::Postgres => "QUIT",
        };
        let end =
            format!("read _; kill -{signal} $(cat pid); while kill -0 $(cat pid); do sleep 0.1; done; rm -rf \"$PWD\"");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(end).current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watcher = shell.spawn().expect("there is a shell");
        let child = Mutex::new(None);
        let database =
            Self { kind, instance: Instance { folder, port }, child, _watcher: watcher, usage: RwLock::new(()) };
        match kind {
            Kind::MariaDb => mariadb::prepare(&database.instance),
            Kind::Postgres => postgres::prepare(&database.instance),
        }
        database.begin();
        let make_owner = match kind {
            Kind::MariaDb => mariadb::make_owner(),
            Kind::Postgres => postgres::make_owner(),
        };
        for statement in make_owner {
            database.sql("", &statement);
        }
        Some(database)
    }

    /// Starts the server's process and waits until it answers.
    ///
    /// # Panics
    /// If it does not.
    pub fn begin(&self) {
        let mut command = match self.kind {
            Kind::MariaDb => mariadb::command(&self.instance),
            Kind::Postgres => postgres::command(&self.instance),
        };
        let log = fs::File::options().create(true).append(true).open(self.instance.folder.join("log")).expect("a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        let child = unprivileged(&mut command).spawn().expect("the database server starts");
        fs::write(self.instance.folder.join("pid"), child.id().to_string()).expect("a file can be written");
        *self.child() = Some(child);
        let answers = || self.try_sql("", "SELECT 1").status.success().then_some(());
        let log = || fs::read_to_string(self.instance.folder.join("log")).unwrap_or_default();
        wait::until(START, answers).unwrap_or_else(|| {
            self.kill();
            panic!("the database does not answer: {}", log())
        });
    }

    /// Kills the server, as a crash of the machine would.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&self) {
        let mut child = self.child().take().expect("it runs");
        let signal = match self.kind {
            Kind::MariaDb => Signal::KILL,
            Kind::Postgres => Signal::QUIT,
        };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child has a process id");
        kill_process(pid, signal).expect("a child can be signalled");
        child.wait().expect("a child can be waited for");
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.instance.folder
    }

    /// Its TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.instance.port
    }

    /// The authority of its certificate, which is for `localhost`.
    pub fn authority(&self) -> PathBuf {
        self.instance.authority()
    }

    /// Makes a database with the tables `users`, `groups` and `log`, as servers of tests have them in
    /// SQLite: [`USER`] and bob, whose home is `home`; [`USER`] is a member of the group `staff`.
    pub fn create(&self, name: &str, home: &Path) {
        self.sql("", &format!("CREATE DATABASE {name}"));
        if self.kind == Kind::Postgres {
            self.sql("", &format!("ALTER DATABASE {name} OWNER TO {OWNER}"));
        }
        let ((uid, gid), home) = (Account::ids(), home.display());
        for statement in [
            "CREATE TABLE users (userid VARCHAR(255) PRIMARY KEY, passwd VARCHAR(255), uid INT, gid INT, homedir VARCHAR(255), shell VARCHAR(32))".to_owned(),
            "CREATE TABLE groups (groupname VARCHAR(255), gid INT, members VARCHAR(1000))".to_owned(),
            "CREATE TABLE log (verb VARCHAR(16), name VARCHAR(255), path VARCHAR(1000), bytes BIGINT)".to_owned(),
            format!("INSERT INTO users VALUES ('{USER}', '{PASSWORD_CRYPT}', {uid}, {gid}, '{home}', '/bin/sh')"),
            format!("INSERT INTO users VALUES ('bob', 'plain as day', {uid}, {gid}, '{home}', '/bin/sh')"),
            format!("INSERT INTO groups VALUES ('staff', 60001, '{USER},carol')"),
        ] {
            self.sql_as_owner(name, &statement);
        }
    }

    /// SQLConnectInfo for a database over TCP, with `more` after user and password.
    pub fn over_tcp(&self, name: &str, more: &str) -> String {
        format!("{name}@127.0.0.1:{} {OWNER} {OWNER_PASSWORD} {more}", self.instance.port)
    }

    /// SQLConnectInfo for a database over the server's socket.
    pub fn over_socket(&self, name: &str, more: &str) -> String {
        let socket = match self.kind {
            Kind::MariaDb => mariadb::socket(&self.instance).display().to_string(),
            Kind::Postgres => format!("{}:{}", self.instance.folder.display(), self.instance.port),
        };
        format!("{name}@{socket} {OWNER} {OWNER_PASSWORD} {more}")
    }

    /// Has a server of a test use it in place of SQLite, with a new database of this name: over TCP.
    pub fn serve(&self, config: &mut Config, name: &str, more: &str) {
        self.create(name, &config.home());
        self.connect(config, self.over_tcp(name, more));
    }

    /// Has a server of a test use it in place of SQLite, by a SQLConnectInfo.
    pub fn connect(&self, config: &mut Config, info: String) {
        config.exchange("LoadModule", "mod_sql_sqlite.c", format!("{}.c", self.kind.module()));
        config.set("SQLBackend", self.kind.backend()).set("SQLConnectInfo", info);
    }

    /// Runs a statement as the administrator, and returns the rows, with fields joined by `|`.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn sql(&self, name: &str, statement: &str) -> String {
        self.try_sql(name, statement).ok().out.trim_end().replace('\t', "|")
    }

    /// Locks a table of a database until what is returned is dropped, so that nobody else reads it.
    ///
    /// # Panics
    /// If that cannot be done.
    pub fn lock(&self, name: &str, table: &str) -> Lock {
        let (mut command, statement) = match self.kind {
            Kind::MariaDb => (mariadb::client(&self.instance, name), format!("LOCK TABLES {table} WRITE")),
            Kind::Postgres => (postgres::client(&self.instance, name), format!("BEGIN; LOCK TABLE {table}")),
        };
        // The client says that it has the lock.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a client starts");
        let mut input = child.stdin.take().expect("it is piped");
        writeln!(input, "{statement};\nSELECT 'locked';\n{}", " ".repeat(1 << 16)).expect("a client reads");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let lock = Lock { child, input: Some(input) };
        let mut line = String::new();
        output.read_line(&mut line).expect("a client answers");
        assert_eq!(line.trim(), "locked");
        lock
    }

    fn sql_as_owner(&self, name: &str, statement: &str) {
        let statement = match self.kind {
            Kind::MariaDb => statement.to_owned(),
            Kind::Postgres => format!("SET ROLE {OWNER}; {statement}"),
        };
        self.sql(name, &statement);
    }

    fn try_sql(&self, name: &str, statement: &str) -> Done {
        let mut command = match self.kind {
            Kind::MariaDb => mariadb::client(&self.instance, name),
            Kind::Postgres => postgres::client(&self.instance, name),
        };
        run(&mut command, &format!("{statement};\n"))
    }

    fn runs(&self) -> bool {
        self.child().is_some()
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name for a database that no other test has.
pub fn name_of(layout: layout::Layout, test: &str) -> String {
    format!("{test}_{layout:?}").to_lowercase()
}

fn give(path: &Path) {
    if let Some(account) = Account::to_drop_to() {
        chown(path, Some(account.uid), Some(account.gid)).expect("root can give files away");
    }
}
