//! A running server in its own folder: configuration, database, files, logs. When dropped, it gets
//! SIGTERM and must end cleanly.

use std::fs::{self, File, OpenOptions};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::clients::{Mode, Target};
use crate::config::{Account, Config, PASSWORD, PASSWORD_CRYPT, USER};
use crate::excerpt::end_of;
use crate::layout::Layout;
use crate::process::{Done, exists, run};
use crate::wait;
use crate::wire::Wire;

/// A running server.
pub struct Server {
    child: Child,
    address: SocketAddr,
    config: Config,
    folder: TempDir,
    panics: Panics,
    /// Whether the test has killed it.
    killed: bool,
    swaps: u32,
}

/// Whether the server's log may contain a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panics {
    Forbidden,
    Expected,
}

impl Server {
    /// A server with the usual configuration.
    pub fn start(layout: Layout) -> Self {
        Self::with(layout, |_| {})
    }

    /// A server with a changed configuration.
    pub fn with(layout: Layout, change: impl FnOnce(&mut Config)) -> Self {
        Self::of(&layout.gantryd(), change)
    }

    /// A server with the given daemon.
    ///
    /// # Panics
    /// If it does not start to listen; its log is shown.
    pub fn of(gantryd: &Path, change: impl FnOnce(&mut Config)) -> Self {
        let folder = prepared_folder();
        let mut config = Config::new(folder.path());
        change(&mut config);
        let file = folder.path().join("gantryd.conf");
        fs::write(&file, config.text()).expect("the configuration can be written");
        Self::begin(gantryd, &file, folder, config)
    }

    /// A server of any daemon with a file that `write` makes in the server's folder, where SystemLog is
    /// `var/system.log`. Its [`Config`] says nothing of that.
    ///
    /// # Panics
    /// When it does not come to listen; its log is shown.
    pub fn of_file(gantryd: &Path, write: impl FnOnce(&Path) -> PathBuf) -> Self {
        let folder = prepared_folder();
        let (config, file) = (Config::new(folder.path()), write(folder.path()));
        Self::begin(gantryd, &file, folder, config)
    }

    fn begin(gantryd: &Path, file: &Path, folder: TempDir, config: Config) -> Self {
        let output = File::create(folder.path().join("output.log")).expect("a log can be made");
        let mut command = Command::new(gantryd);
        command.arg("-n").arg("-c").arg(file).current_dir(folder.path());
        command.stdout(output.try_clone().expect("a file can be shared with a child")).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", gantryd.display()));
        let mut server = Self {
            child,
            address: SocketAddr::from(([0; 4], 0)),
            config,
            folder,
            panics: Panics::Forbidden,
            killed: false,
            swaps: 0,
        };
        server.address = server.announced();
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Address, user and password for clients.
    pub fn target(&self) -> Target {
        Target {
            address: self.address,
            user: USER.to_owned(),
            password: PASSWORD.to_owned(),
            mode: Mode::ExtendedPassive,
        }
    }

    /// A new control connection after the greeting, before login.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// A new control connection after login, with binary type.
    pub fn login(&self) -> Wire {
        let mut wire = self.connect();
        wire.login(USER, PASSWORD);
        wire.expect("TYPE I", 200);
        wire
    }

    /// The folder that the user sees as `/`.
    pub fn home(&self) -> PathBuf {
        self.config.home()
    }

    /// A folder for the test itself, which the user does not see.
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// A file that the daemon writes: `users.db`, `transfer.log`.
    pub fn var(&self, name: &str) -> PathBuf {
        self.folder.path().join("var").join(name)
    }

    /// The folder of all the server's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file among the user's, owned by the account that serves it.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.home().join(name);
        fs::write(&path, bytes).expect("a file can be written");
        own(&path);
    }

    /// Creates a folder among the user's files.
    pub fn make_folder(&self, name: &str) {
        let path = self.home().join(name);
        fs::create_dir(&path).expect("a folder can be made");
        own(&path);
    }

    /// The bytes of one of the user's files.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.home().join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The whole log so far, from its output and its SystemLog.
    pub fn log(&self) -> String {
        let part =
            |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        format!("{}{}", part(&self.folder.path().join("output.log")), part(&self.var("system.log")))
    }

    /// Waits for a log line that contains all of `texts`, and returns it.
    ///
    /// # Panics
    /// If there is none in time.
    #[track_caller]
    pub fn wait_for_log(&self, texts: &[&str]) -> String {
        let found = wait::until(wait::PATIENCE, || self.log_line(texts));
        found.unwrap_or_else(|| panic!("no line of the log has {texts:?}"))
    }

    /// Waits for a line of another log's file that contains all of `texts`.
    ///
    /// # Panics
    /// If there is none in time.
    #[track_caller]
    pub fn wait_for_line(&self, path: &Path, texts: &[&str]) {
        let read = || fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let has = |text: &str| text.lines().any(|line| texts.iter().all(|text| line.contains(text)));
        let found = wait::until(wait::PATIENCE, || has(&read()).then_some(()));
        assert!(found.is_some(), "no line of {} has {texts:?}: {}", path.display(), read());
    }

    /// The first log line that contains all of `texts`.
    pub fn log_line(&self, texts: &[&str]) -> Option<String> {
        self.log().lines().find(|line| texts.iter().all(|text| line.contains(text))).map(str::to_owned)
    }

    /// Rewrites the configuration, for a later SIGHUP.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        // By renaming, as administrators' tools do, so that no partial file is read.
        let (new, file) = (self.folder.path().join("gantryd.conf.new"), self.folder.path().join("gantryd.conf"));
        fs::write(&new, self.config.text())
            .and_then(|()| fs::rename(new, file))
            .expect("the configuration can be written");
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Requests a new generation.
    pub fn sighup(&self) {
        self.signal(Signal::HUP);
    }

    /// Requests a new generation and waits until it serves. Each one gets its own ServerIdent, by
    /// which it is recognised.
    pub fn swap(&mut self, change: impl FnOnce(&mut Config)) {
        self.swaps += 1;
        let mark = format!("generation <{}>", self.swaps);
        self.reconfigure(|config| {
            change(config);
            config.set("ServerIdent", format!("on \"{mark}\""));
        });
        self.sighup();
        wait::for_condition("the new generation greets", || {
            Wire::open(self.address).is_ok_and(|wire| wire.greeting().text().contains(&mark))
        });
    }

    /// Declares that this test makes modules panic.
    pub fn expect_panics(&mut self) {
        self.panics = Panics::Expected;
    }

    /// Runs an SQL statement on the users' database and returns its output, with fields joined by
    /// `|`.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn sql(&self, statement: &str) -> String {
        sqlite(&self.var("users.db"), statement)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Makes it end, and waits for that.
    ///
    /// # Panics
    /// If it does not end in time.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Kills it (SIGKILL).
    ///
    /// # Panics
    /// If it does not end in time.
    pub fn kill(&mut self) {
        self.killed = true;
        self.signal(Signal::KILL);
        self.ended();
    }

    /// Asks it to end, and waits for nothing.
    pub fn signal_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it does not end in time.
    pub fn ended(&mut self) -> ExitStatus {
        let ended = wait::until(Duration::from_secs(30), || self.child.try_wait().expect("a child can be waited for"));
        ended.unwrap_or_else(|| panic!("gantryd does not end"))
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a process id");
        kill_process(pid, signal).expect("a child can be signalled");
    }

    fn announced(&mut self) -> SocketAddr {
        let found = wait::until(wait::PATIENCE, || {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                panic!("gantryd ended at once, {status}, with the configuration\n{}", self.config.text());
            }
            self.log().lines().find_map(address_in)
        });
        found.unwrap_or_else(|| panic!("gantryd does not say where it listens"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of gantryd\n{}", end_of(&self.log(), "log"));
            let _ = self.child.kill();
            let _ = self.child.wait();
            return;
        }
        let ended = self.child.try_wait().expect("a child can be waited for");
        let status = ended.unwrap_or_else(|| self.terminate());
        let log = self.log();
        assert!(status.success() || self.killed, "gantryd ended with {status}:\n{}", end_of(&log, "log"));
        let panic = log.lines().find(|line| line.contains("panic")).filter(|_| self.panics == Panics::Forbidden);
        assert!(panic.is_none(), "a panic in the log: {}\n{}", panic.unwrap_or_default(), end_of(&log, "log"));
    }
}

/// A daemon that must end by itself.
pub struct Trial {
    /// Its result.
    pub done: Done,
    /// Its configuration.
    pub config: Config,
    folder: TempDir,
}

impl Trial {
    /// Runs a daemon with a configuration in its own folder, which is its working directory.
    /// `arguments` follow `-c FILE`.
    pub fn run(gantryd: &Path, arguments: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let folder = prepared_folder();
        let mut config = Config::new(folder.path());
        change(&mut config);
        let file = folder.path().join("gantryd.conf");
        fs::write(&file, config.text()).expect("the configuration can be written");
        let done = run(Command::new(gantryd).arg("-c").arg(&file).args(arguments).current_dir(folder.path()), "");
        Self { done, config, folder }
    }

    /// The configuration file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("gantryd.conf")
    }

    /// Its working directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The first line with a fatal error.
    #[track_caller]
    pub fn fatal(&self) -> &str {
        assert!(!self.done.status.success(), "it ended well:\n{}", end_of(&self.done.text(), "text"));
        let found = self.done.err.lines().find(|line| line.contains("Fatal: "));
        found.unwrap_or_else(|| panic!("nothing is said to be fatal:\n{}", end_of(&self.done.text(), "text")))
    }
}

/// Runs an SQL statement on a database with the sqlite3 program.
///
/// # Panics
/// If it fails.
#[track_caller]
pub fn sqlite(database: &Path, statement: &str) -> String {
    assert!(exists("sqlite3"), "the program sqlite3 is missing: tests/run installs it");
    let done = run(
        Command::new("sqlite3").arg("-batch").args(["-cmd", ".timeout 20000"]).arg(database),
        &format!("{statement};\n"),
    )
    .ok();
    assert!(done.err.is_empty(), "{statement}: {}", done.err);
    done.out.trim_end().to_owned()
}

/// Gives a path to the account that serves it, if the tests run as root.
pub fn own(path: &Path) {
    if let Some(account) = Account::to_drop_to() {
        chown(path, Some(account.uid), Some(account.gid)).expect("root can give files away");
    }
}

fn prepared_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("gantry-test-").tempdir().expect("a temporary folder can be made");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("its mode can be set");
    for name in ["home", "scratch", "var"] {
        fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        own(&folder.path().join(name));
    }
    let home = folder.path().join("home");
    let (uid, gid) = Account::ids();
    make_database(&folder.path().join("var/users.db"), &home, uid, gid);
    let passwd = folder.path().join("var/passwd");
    let line = format!("{USER}:{PASSWORD_CRYPT}:{uid}:{gid}::{}:/bin/sh\n", home.display());
    fs::write(&passwd, line).expect("a password file can be written");
    fs::set_permissions(&passwd, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
    own(&passwd);
    folder
}

fn make_database(database: &Path, home: &Path, uid: u32, gid: u32) {
    OpenOptions::new().create_new(true).append(true).open(database).expect("a database can be made");
    own(database);
    let home = home.display();
    sqlite(
        database,
        &format!(
            "CREATE TABLE users (userid TEXT PRIMARY KEY, passwd TEXT, uid INTEGER, gid INTEGER, homedir TEXT, shell TEXT);
             CREATE TABLE log (verb TEXT, user TEXT, path TEXT, bytes INTEGER);
             INSERT INTO users VALUES ('{USER}', '{PASSWORD_CRYPT}', {uid}, {gid}, '{home}', '/bin/sh');
             INSERT INTO users VALUES ('bob', 'plain as day', {uid}, {gid}, '{home}', '/bin/sh')"
        ),
    );
}

// Finds `listening on 127.0.0.1:2121` anywhere in a line.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    let word = rest.split_whitespace().next()?.trim_end_matches([',', '.']);
    let mut address: SocketAddr = word.parse().ok()?;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::from([127, 0, 0, 1]));
    }
    Some(address)
}
