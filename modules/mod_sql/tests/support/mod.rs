//! What the tests need of a daemon: directives become settings, modules are
//! started in order, commands reach their hooks. And a database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use gantry_api::census::{Census, Claim};
use gantry_api::data::{Control, Data, DataLink, Family};
use gantry_api::files::{Created, Files, Links, Listing, Metadata, Open, OpenFile, Target};
use gantry_api::guard::Home;
use gantry_api::image::Descriptor;
use gantry_api::layer::{Layer, LayerMaker};
use gantry_api::log::{Host, Level, Record};
use gantry_api::moment::{SettingsBox, State};
use gantry_api::runtime::Layout;
use gantry_api::service::{Services, SqlBackend, SqlConnect, SqlRows, SqlStatement};
use gantry_api::session::{Arrival, ServerId, Session};
use gantry_api::transfer::Transfer;
use gantry_api::{
    Admission, AtServer, Command, Commands, Defaults, Dialogue, Door, Hosts, Image, Inherits, Moment, Phase, Promise,
    Reply, Result, ScopeAtStart, ScopeKind, ScopeValues, SectionId, Start, Step, Value, Verb, VirtualPath, async_trait,
    refuse,
};
use gantry_api::{Instance, World};
use mod_sql_sqlite::Sqlite;
use tempfile::TempDir;

// Named, so that they are linked in.
use mod_sql as _;

/// Logs to the test's output.
struct Output;

impl Host for Output {
    fn enabled(&self, _level: Level) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        eprintln!("{:?} {}: {}", record.level, record.target, record.message);
    }
}

/// A database file with some users and groups.
pub struct Database {
    _folder: TempDir,
    /// Where it is.
    pub path: PathBuf,
}

impl Database {
    /// Makes one.
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ftp.db");
        std::fs::write(&path, b"").unwrap();
        let database = Self { _folder: folder, path };
        for statement in [
            "PRAGMA journal_mode = WAL",
            "CREATE TABLE users (userid TEXT, passwd TEXT, uid INTEGER, gid INTEGER, homedir TEXT, shell TEXT)",
            "CREATE TABLE groups (groupname TEXT, gid INTEGER, members TEXT)",
            "CREATE TABLE log (name TEXT, verb TEXT, bytes, more TEXT)",
            "INSERT INTO users VALUES ('joe', 'secret', 2000, 2100, '/home/joe', '/bin/sh')",
            "INSERT INTO users VALUES ('low', 'secret', 0, 0, '/home/low', NULL)",
            "INSERT INTO users VALUES ('odd', 'secret', 'root', 1, '/home/odd', '')",
            "INSERT INTO users VALUES ('homeless', 'secret', 2001, 2100, NULL, '')",
            "INSERT INTO users VALUES ('j_e', '', NULL, NULL, '/home/j_e', '')",
            "INSERT INTO groups VALUES ('staff', 2100, 'ann, bob'), ('ftp', 2200, 'ann,joe'), ('ftp', 2200, 'joe')",
            "INSERT INTO groups VALUES ('joes', 2300, 'joey,xjoe'), ('wheel', 0, 'joe'), ('under', 2400, 'j_e')",
        ] {
            database.run(statement).await;
        }
        database
    }

    /// How often this process has it open.
    pub fn opened(&self) -> usize {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        files
            .filter(|file| {
                file.as_ref().is_ok_and(|file| std::fs::read_link(file.path()).is_ok_and(|path| path == self.path))
            })
            .count()
    }

    /// Runs a statement behind the modules' back.
    pub async fn run(&self, sql: &str) -> SqlRows {
        let sqlite = Sqlite::default();
        let pool = sqlite
            .open(&SqlConnect { database: self.path.display().to_string(), ..SqlConnect::default() })
            .await
            .unwrap();
        let answer =
            sqlite.run(pool, &SqlStatement { pieces: vec![sql.to_owned()], parameters: vec![] }).await.unwrap();
        sqlite.close(pool).await.unwrap();
        answer
    }
}

/// The modules at work for two servers with the same settings.
pub struct Daemon {
    /// What they published.
    pub world: World,
    sql: Box<dyn Instance>,
    settings: SettingsBox,
    sqlite: Box<dyn Instance>,
}

impl Daemon {
    /// Starts the modules with these lines of configuration.
    pub async fn start(layout: Layout, lines: &[&[&str]]) -> Result<Self> {
        let image = Image::this(&Output);
        let module = |name: &str| image.modules.iter().find(|module| module.name == name).unwrap();
        let (sql, sqlite) = (module("mod_sql"), module("mod_sql_sqlite"));
        assert_eq!(sqlite.before, ["mod_sql"]);
        let (given, defaults) = (configuration(&image, lines), Defaults::read(image.directives.iter().copied()));
        let settings = (sql.settings)(&ScopeValues::new(&given, &defaults.unwrap())).unwrap();
        let mut services = Services::default();
        let sqlite = started(layout, sqlite, &[], &mut services).await?;
        let servers =
            [0, 1].map(|id| ScopeAtStart { server: ServerId(id), kind: &ScopeKind::Server, settings: &*settings });
        let sql = started(layout, sql, &servers, &mut services).await?;
        Ok(Self { world: World { services, ..World::default() }, sql, settings, sqlite })
    }

    /// Runs the phases of a command for which mod_sql has hooks.
    pub async fn command(&self, client: &mut Client, line: &str, phases: &[Phase]) {
        let command = Command::parse(line.as_bytes()).unwrap();
        self.moments(client, &command, phases).await;
    }

    /// Ends a session.
    pub async fn exit(&self, client: &mut Client) {
        self.moments(client, &Command { verb: Verb::EXIT, argument: Vec::new() }, &[Phase::Command]).await;
    }

    async fn moments(&self, client: &mut Client, command: &Command, phases: &[Phase]) {
        let hooks = self.sql.hooks().unwrap();
        for phase in phases {
            let hooked = |commands| commands == Commands::All || commands == Commands::One(command.verb);
            for _ in hooks.iter().filter(|hook| hook.phase == *phase && hooked(hook.commands)) {
                let mut slot = None;
                let mut at = Moment::new(
                    (&mut client.session, &Nothing),
                    &mut client.dialogue,
                    command,
                    *phase,
                    State::new(&mut slot, self.sql.home()),
                    &self.world,
                    &*self.settings,
                );
                if self.sql.at_once(&mut at).unwrap() == Step::Wait {
                    self.sql.wait(&mut at).await.unwrap();
                }
            }
        }
    }

    /// Stops the modules, the last one first.
    pub async fn stop(self) {
        for instance in [self.sql, self.sqlite] {
            instance.stop().await.unwrap();
            if let Some(runtime) = &instance.home().runtime {
                let runtime = runtime.clone();
                tokio::task::spawn_blocking(move || runtime.stop(Duration::from_secs(5))).await.unwrap();
            }
        }
    }
}

async fn started(
    layout: Layout,
    module: &Descriptor,
    scopes: &[ScopeAtStart<'_>],
    services: &mut Services,
) -> Result<Box<dyn Instance>> {
    let runtime = module.runtime.map(|start| start(layout, module.name)).transpose()?;
    let home = Home { module: module.name.into(), runtime };
    let mut instance = (module.create)(home.clone())?;
    instance.start(&mut Start::new(layout, home, scopes, &Value::None, services)).await?;
    Ok(instance)
}

fn configuration(image: &Image, lines: &[&[&str]]) -> Value {
    let mut entries: Vec<(String, Value)> = Vec::new();
    for line in lines {
        let directive = image.directives.iter().find(|directive| directive.name == line[0]).unwrap();
        let value = (directive.parse)(&line[1..]).unwrap();
        match (entries.iter_mut().find(|(name, _)| name == line[0]), directive.inherits) {
            (Some((_, Value::List(values))), Inherits::Append) => values.push(value),
            (_, Inherits::Append) => entries.push((line[0].to_owned(), Value::List(vec![value]))),
            (_, _) => entries.push((line[0].to_owned(), value)),
        }
    }
    Value::Map(entries)
}

/// A client.
pub struct Client {
    pub session: Session,
    pub dialogue: Dialogue,
}

/// A client who said USER.
pub fn client(user: &str) -> Client {
    let mut dialogue = Dialogue::new(Box::new(Nothing), Box::new(Nothing));
    dialogue.respond(230, "User logged in");
    Client { session: session(user), dialogue }
}

fn session(user: &str) -> Session {
    let address: SocketAddr = "127.0.0.1:21".parse().unwrap();
    let server = AtServer { id: ServerId(0), name: "test".into(), key: "main".into() };
    let come = Arrival { id: 1, server, local: address, remote: address };
    let mut session = Session::new(come, Box::new(Nothing), Box::new(Nothing));
    session.remote_host = "host'; DROP TABLE log; --".to_owned();
    session.user = Some(user.to_owned());
    session
}

/// No files, no connections.
pub struct Nothing;

fn none<T>() -> Result<T> {
    refuse(550, "not in this test")
}

impl Census for Nothing {
    fn claim(&mut self, _: &str, _: Option<&str>, _: Option<u64>) -> Claim {
        Claim::Full(0)
    }

    fn release(&mut self, _: &str) {}

    fn count(&self, _: &str) -> u64 {
        0
    }

    fn tally(&self, _: &str, _: Duration) -> u64 {
        0
    }

    fn mark(&self, _: &str, _: SystemTime) {}

    fn is_marked(&self, _: &str) -> bool {
        false
    }
}

impl Files for Nothing {
    fn metadata<'a>(&'a self, _: &'a VirtualPath, _: Links) -> Promise<'a, Metadata> {
        Promise::now(none())
    }
    fn open<'a>(&'a self, _: &'a VirtualPath, _: Open) -> Promise<'a, OpenFile> {
        Promise::now(none())
    }
    fn create<'a>(&'a self, _: &'a VirtualPath) -> Promise<'a, Created> {
        Promise::now(none())
    }
    fn enter<'a>(&'a self, _: &'a VirtualPath) -> Promise<'a, VirtualPath> {
        Promise::now(none())
    }
    fn list<'a>(&'a self, _: &'a VirtualPath) -> Promise<'a, Box<dyn Listing>> {
        Promise::now(none())
    }
    fn create_directory<'a>(&'a self, _: &'a VirtualPath) -> Promise<'a, ()> {
        Promise::now(none())
    }
    fn remove_directory<'a>(&'a self, _: &'a VirtualPath) -> Promise<'a, ()> {
        Promise::now(none())
    }
    fn remove_file<'a>(&'a self, _: &'a VirtualPath) -> Promise<'a, ()> {
        Promise::now(none())
    }
    fn rename<'a>(&'a self, _: &'a VirtualPath, _: &'a VirtualPath, _: Target) -> Promise<'a, ()> {
        Promise::now(none())
    }
    fn set_modified<'a>(&'a self, _: &'a VirtualPath, _: i64) -> Promise<'a, ()> {
        Promise::now(none())
    }
    fn set_mode<'a>(&'a self, _: &'a VirtualPath, _: u32) -> Promise<'a, ()> {
        Promise::now(none())
    }
}

#[async_trait]
impl Door for Nothing {
    fn lets_in(&self, _: Option<SectionId>) -> Result<()> {
        none()
    }
    async fn admit(&mut self, _: &Admission) -> Result<VirtualPath> {
        none()
    }
    fn move_to(&mut self, _: ServerId) -> Result<AtServer> {
        none()
    }
    fn host(&self, _: &str, _: SocketAddr) -> Option<ServerId> {
        None
    }
    fn hosts(&self, _: SocketAddr) -> Hosts {
        std::sync::Arc::new(|_| None)
    }
}

#[async_trait]
impl Data for Nothing {
    async fn passive(&mut self, _: Family) -> Result<SocketAddr> {
        none()
    }
    fn active(&mut self, _: SocketAddr) -> Result<()> {
        none()
    }
    fn protect(&mut self, _: Option<Box<dyn LayerMaker>>) {}
    fn encode(&mut self, _: Option<Box<dyn LayerMaker>>) {}
    async fn begin(&mut self, _: &mut Session, _: Transfer, _: Reply) -> Result<Box<dyn DataLink>> {
        none()
    }
}

#[async_trait]
impl Control for Nothing {
    async fn send(&mut self, _: Reply) -> Result<()> {
        none()
    }
    fn secure(&mut self, _: Box<dyn Layer>) -> Result<()> {
        none()
    }
    fn clear(&mut self) -> Result<()> {
        none()
    }
    fn is_layered(&self) -> bool {
        false
    }
    fn facts(&self) -> Value {
        Value::None
    }
}
