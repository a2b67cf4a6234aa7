//! The daemon's life: start-up, accepting clients, SIGHUP, SIGTERM. Whatever
//! changes the generation goes one way: build the next beside the running one,
//! and put it in place only if all of it is sound.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use gantry_api::Reply;
use gantry_api::log::{self, Level};
use gantry_sys::{Credentials, as_daemon, as_user};
use socket2::{SockRef, TcpKeepalive};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::blocking::Blocking;
use crate::build::{BuildError, Plan, Source};
use crate::connection::Connection;
use crate::generation::{Generation, Retired};
use crate::identity::{self, Identity};
use crate::images::Images;
use crate::listener::{Listeners, Wanted, accepting};
use crate::log::{LOGGER, Logger};
use crate::pid_file::PidFile;
use crate::session::{Arrival, Closing, serve};

/// How long sessions have to end by themselves after SIGTERM.
const END_LIMIT: Duration = Duration::from_secs(5);
/// How long they have once their transfers have been broken off.
const CUT_LIMIT: Duration = Duration::from_secs(10);

/// Why the daemon does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration, or a module.
    #[error("{0}")]
    Build(#[from] BuildError),
    /// Something that the configuration asks for cannot be had.
    #[error("Fatal: {0}")]
    Wanted(String),
    /// The system refuses something.
    #[error("Fatal: {0}: {1}")]
    System(String, #[source] io::Error),
    /// Another daemon holds the PidFile.
    #[error("Fatal: gantryd is already running: process {} holds {}", shown(.process), .path.display())]
    Running {
        /// The PidFile.
        path: PathBuf,
        /// What it says.
        process: Option<u32>,
    },
}

fn shown(process: &Option<u32>) -> String {
    process.map_or_else(|| "(unknown)".to_owned(), |process| process.to_string())
}

/// How the daemon is run, besides what its configuration says.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// The PidFile where the configuration names none; its folder is made
    /// where it is missing.
    pub pid_file: Option<PathBuf>,
    /// How long it serves.
    pub until: Until,
}

/// How long a daemon serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// Until a signal ends it.
    #[default]
    Signal,
    /// Until the first session has ended, too.
    FirstSession,
}

/// Reads and checks a configuration without running anything of it.
pub fn check(source: &Source, images: &Images) -> Result<Vec<String>, StartError> {
    let plan = read(source, images)?;
    Wanted::of(&plan).map_err(StartError::Wanted)?;
    Ok(plan.notices)
}

/// The modules that a configuration uses, in their order: name and version.
/// Nothing of it runs.
pub fn modules(source: &Source, images: &Images) -> Result<Vec<(String, String)>, StartError> {
    let plan = read(source, images)?;
    Ok(plan.modules().map(|(_, module)| (module.name.to_owned(), module.version.to_owned())).collect())
}

/// A configuration, with what is to be said of the server's own directives.
fn read(source: &Source, images: &Images) -> Result<Plan, BuildError> {
    let mut plan = Plan::read(source, images)?;
    let notices = plan.settings().notices();
    plan.notices.extend(notices);
    Ok(plan)
}

/// Starts the modules of a configuration for one piece of work, without
/// serving anybody. Called before any thread is started.
pub fn with_generation<T>(
    source: &Source,
    images: &Images,
    work: impl AsyncFnOnce(&Generation) -> T,
) -> Result<T, StartError> {
    let plan = Plan::read(source, images)?;
    let threads = |error| StartError::System("cannot start threads".to_owned(), error);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(threads)?;
    runtime.block_on(async {
        let (retire, retired) = mpsc::unbounded_channel();
        let retiring = tokio::spawn(crate::retire::retire(retired));
        let done = match plan.start(0, retire).await {
            Ok(generation) => Ok(work(&generation).await),
            Err(error) => Err(error.into()),
        };
        let _ = retiring.await;
        done
    })
}

/// Runs the daemon to its end. Called before any thread is started, since
/// privileges belong to threads. `ready` is told the addresses and the first
/// generation once clients can come.
pub fn run(
    source: Source,
    images: Images,
    manner: Manner,
    ready: impl FnOnce(&[SocketAddr], &Generation),
) -> Result<(), StartError> {
    let plan = read(&source, &images)?;
    say_all(&plan.notices);
    let wanted = Wanted::of(&plan).map_err(StartError::Wanted)?;
    // First of all: of a second start, this says most.
    let pid_file = take_pid_file(&plan, &manner)?;
    let listeners = Listeners::default().opened(&wanted).map_err(StartError::Wanted)?;
    let system_log = open_log(&plan)?;
    let identity = Arc::new(identity::take(plan.settings())?);
    if let Err(error) = identity::raise_file_limit() {
        say(Level::Warn, format_args!("cannot raise the limit on open files: {error}"));
    }
    LOGGER.send_to(system_log);
    LOGGER.start_thread().map_err(|error| StartError::System("cannot start the log's thread".to_owned(), error))?;
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error| StartError::System(what, error)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("gantryd")
        .build()
        .map_err(failed("cannot start threads"))?;
    let done = runtime.block_on(async {
        let blocking = Arc::new(Blocking::new().map_err(failed("cannot start threads"))?);
        // Before anybody knows that there is somebody to signal.
        let signals = Signals::new().map_err(failed("cannot receive signals"))?;
        let daemon = Daemon::start(source, images, plan, wanted, listeners, identity, blocking).await?;
        let daemon = Arc::new(daemon);
        daemon.accept_at_all();
        if let Some(current) = daemon.current() {
            ready(&current.listeners.addresses(), &current.generation);
        }
        let mut signals = signals;
        daemon.live(&mut signals, manner.until).await;
        tokio::select! {
            () = daemon.end() => {}
            () = signals.end() => say(Level::Warn, format_args!("a second signal: ending at once")),
        }
        Ok(())
    });
    runtime.shutdown_timeout(END_LIMIT);
    drop(pid_file);
    LOGGER.flush();
    done
}

/// What new sessions get: replaced as a whole.
struct Current {
    generation: Arc<Generation>,
    wanted: Wanted,
    listeners: Listeners,
    max_instances: Option<usize>,
}

/// Where generations go, and the task that takes leave of them.
type Retiring = (mpsc::UnboundedSender<Retired>, JoinHandle<()>);

struct Daemon {
    source: Source,
    images: Images,
    /// None once the daemon ends.
    current: RwLock<Option<Arc<Current>>>,
    acceptors: Mutex<Vec<(SocketAddr, SocketAddr, JoinHandle<()>)>>,
    blocking: Arc<Blocking>,
    identity: Arc<Identity>,
    retire: Mutex<Option<Retiring>>,
    generations: AtomicU64,
    sessions: AtomicU64,
    active: AtomicUsize,
    tasks: Mutex<JoinSet<()>>,
    closing: watch::Sender<Closing>,
    /// A session has ended.
    left: Notify,
}

/// The signals that the daemon answers to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the daemon.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Daemon {
    async fn start(
        source: Source,
        images: Images,
        plan: Plan,
        wanted: Wanted,
        listeners: Listeners,
        identity: Arc<Identity>,
        blocking: Arc<Blocking>,
    ) -> Result<Self, StartError> {
        let (retire, retired) = mpsc::unbounded_channel();
        let retiring = tokio::spawn(crate::retire::retire(retired));
        let max_instances = plan.settings().max_instances;
        let generation = match plan.start(1, retire.clone()).await {
            Ok(generation) => generation,
            Err(error) => {
                drop(retire);
                let _ = retiring.await;
                return Err(error.into());
            }
        };
        say_modules(&generation);
        let current = Current { generation, wanted, listeners, max_instances };
        Ok(Self {
            source,
            images,
            current: RwLock::new(Some(Arc::new(current))),
            acceptors: Mutex::default(),
            blocking,
            identity,
            retire: Mutex::new(Some((retire, retiring))),
            generations: AtomicU64::new(1),
            sessions: AtomicU64::new(0),
            active: AtomicUsize::new(0),
            tasks: Mutex::default(),
            closing: watch::Sender::new(Closing::No),
            left: Notify::new(),
        })
    }

    fn current(&self) -> Option<Arc<Current>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signals, until one of them ends the daemon. A reload runs beside them, so
    /// that one which takes its time keeps nobody from ending the daemon.
    async fn live(self: &Arc<Self>, signals: &mut Signals, until: Until) {
        let mut reloads = JoinSet::new();
        let mut asked_again = false;
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => return say(Level::Info, format_args!("SIGTERM received: ending")),
                _ = signals.interrupt.recv() => return say(Level::Info, format_args!("SIGINT received: ending")),
                () = self.left.notified(), if until == Until::FirstSession => {
                    return say(Level::Info, format_args!("the first session has ended: ending"));
                }
                _ = signals.hangup.recv() => {
                    say(Level::Info, format_args!("SIGHUP received: reading {} anew", self.source.path.display()));
                    match reloads.is_empty() {
                        true => drop(reloads.spawn(self.clone().reload_or_say())),
                        false => asked_again = true,
                    }
                }
                Some(_) = reloads.join_next() => {
                    // What was asked for meanwhile wants what the file says now.
                    if std::mem::take(&mut asked_again) {
                        reloads.spawn(self.clone().reload_or_say());
                    }
                }
            }
        }
    }

    async fn reload_or_say(self: Arc<Self>) {
        let Err(error) = self.reload().await else { return };
        for line in error.to_string().lines() {
            say(Level::Error, format_args!("{line}"));
        }
        say(Level::Error, format_args!("the new configuration is refused; the running one goes on unchanged"));
    }

    /// Builds the next generation, and puts it in place if all of it is sound.
    async fn reload(self: &Arc<Self>) -> Result<(), StartError> {
        let (plan, system_log) = tokio::task::block_in_place(|| {
            let plan = self.read_again()?;
            let log = open_log(&plan)?;
            Ok::<_, StartError>((plan, log))
        })?;
        say_all(&plan.notices);
        let wanted = Wanted::of(&plan).map_err(StartError::Wanted)?;
        let open = self.current().map(|current| current.listeners.clone()).unwrap_or_default();
        let listeners = open.opened(&wanted).map_err(StartError::Wanted)?;
        let max_instances = plan.settings().max_instances;
        let number = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        let retire =
            self.retire.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(retire, _)| retire.clone());
        let Some(retire) = retire else { return Err(StartError::Wanted("the daemon ends".to_owned())) };
        let generation = plan.start(number, retire).await?;
        say_modules(&generation);
        let next = Arc::new(Current { generation, wanted, listeners, max_instances });
        {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if current.is_none() {
                return Err(StartError::Wanted("the daemon ends".to_owned()));
            }
            *current = Some(next);
        }
        self.accept_at_all();
        LOGGER.send_to(system_log);
        say(Level::Info, format_args!("generation {number} serves new sessions"));
        Ok(())
    }

    /// The configuration once more. It may be readable by root alone, who the
    /// daemon was.
    fn read_again(&self) -> Result<Plan, BuildError> {
        let refused = match read(&self.source, &self.images) {
            Err(error) if self.identity.may_switch => error,
            done => return done,
        };
        let root = Credentials { uid: 0, gid: 0, groups: Vec::new() };
        as_user(&root, || read(&self.source, &self.images)).unwrap_or(Err(refused))
    }

    /// Accepts at each address that is wanted, and no more at others.
    fn accept_at_all(self: &Arc<Self>) {
        let Some(current) = self.current() else { return };
        let mut acceptors = self.acceptors.lock().unwrap_or_else(PoisonError::into_inner);
        let wants = |bound: &SocketAddr| current.wanted.addresses.iter().any(|(address, _)| address == bound);
        acceptors.retain(|(bound, shown, task)| {
            let wanted = wants(bound);
            if !wanted {
                task.abort();
                say(Level::Info, format_args!("no longer listening on {shown}"));
            }
            wanted
        });
        for (bound, listener) in current.listeners.sockets() {
            if acceptors.iter().any(|(open, ..)| *open == bound) {
                continue;
            }
            match accepting(listener).and_then(|listener| Ok((listener.local_addr()?, listener))) {
                Ok((shown, listener)) => {
                    say(Level::Info, format_args!("listening on {shown}"));
                    acceptors.push((bound, shown, tokio::spawn(self.clone().accept(bound, listener))));
                }
                Err(error) => say(Level::Error, format_args!("cannot accept on {bound}: {error}")),
            }
        }
    }

    async fn accept(self: Arc<Self>, bound: SocketAddr, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, remote)) => self.admit(bound, stream, remote),
                Err(error) => {
                    // Out of descriptors, mostly: sessions that end make room.
                    say(Level::Error, format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, bound: SocketAddr, stream: TcpStream, remote: SocketAddr) {
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let Ok(local) = stream.local_addr() else { return };
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        prepare(&stream);
        let Some(current) = self.current() else { return };
        let active = self.active.fetch_add(1, Ordering::AcqRel);
        let leave = Leave(self.clone());
        if current.max_instances.is_some_and(|most| active >= most) {
            say(Level::Warn, format_args!("MaxInstances ({active}) reached: {remote} is turned away"));
            self.spawn(async move {
                let _leave = leave;
                let _ = Connection::new(stream).send(&Reply::new(421, "Too many connections: try again later")).await;
            });
            return;
        }
        let arrival = Arrival {
            id: self.sessions.fetch_add(1, Ordering::Relaxed) + 1,
            stream,
            local,
            remote,
            server: current.wanted.server(bound, local),
            generation: current.generation.clone(),
            blocking: self.blocking.clone(),
            identity: self.identity.clone(),
            closing: self.closing.subscribe(),
        };
        self.spawn(async move {
            let _leave = leave;
            serve(arrival).await;
        });
    }

    /// Starts a session's task; those that have ended are let go of.
    fn spawn(&self, session: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(session);
    }

    /// No more clients; those that are there are told, waited for a while, and
    /// then cut off.
    async fn end(&self) {
        for (.., task) in self.acceptors.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for (near, wait) in [(Closing::Soon, END_LIMIT), (Closing::Now, CUT_LIMIT)] {
            self.closing.send_replace(near);
            let all_gone = async { while tasks.join_next().await.is_some() {} };
            if tokio::time::timeout(wait, all_gone).await.is_ok() {
                break;
            }
            say(Level::Warn, format_args!("{} sessions are cut off", tasks.len()));
        }
        tasks.shutdown().await;
        // Once nobody holds a generation or could send one, the task that
        // takes leave of them comes to its end.
        drop(self.current.write().unwrap_or_else(PoisonError::into_inner).take());
        let retire = self.retire.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((retire, retiring)) = retire {
            drop(retire);
            // Each module has its time to stop: what it was given to write is
            // not lost. Who cannot wait sends a second signal.
            let _ = retiring.await;
        }
        say(Level::Info, format_args!("ended"));
    }
}

/// Counts a session out, however it ends.
struct Leave(Arc<Daemon>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
        self.0.left.notify_one();
    }
}

/// Sets what a control connection needs. Each is a wish: a client without it
/// is served as well.
fn prepare(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let _ = stream.set_nodelay(true);
    // A Telnet Synch (RFC 854) marks ABOR's place by an urgent byte, which
    // stays in the stream only so.
    let _ = socket.set_out_of_band_inline(true);
    let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(120)));
}

fn open_log(plan: &Plan) -> Result<Option<File>, StartError> {
    let Some(path) = plan.settings().system_log.as_deref() else { return Ok(None) };
    let opened = as_daemon(|| Logger::open(Path::new(path)));
    opened.map(Some).map_err(|error| StartError::System(format!("SystemLog: cannot open {path}"), error))
}

/// The PidFile of the configuration, or that of the manner.
fn take_pid_file(plan: &Plan, manner: &Manner) -> Result<Option<PidFile>, StartError> {
    if let Some(path) = plan.settings().pid_file.as_deref() {
        return PidFile::take(Path::new(path)).map(Some);
    }
    let Some(path) = manner.pid_file.as_deref() else { return Ok(None) };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let made = std::fs::create_dir_all(folder);
    made.map_err(|error| StartError::System(format!("PidFile: cannot make {}", folder.display()), error))?;
    PidFile::take(path).map(Some)
}

fn say_all(notices: &[String]) {
    for notice in notices {
        say(Level::Info, format_args!("{notice}"));
    }
}

fn say_modules(generation: &Generation) {
    for module in &generation.modules {
        say(
            Level::Debug,
            format_args!(
                "generation {}: {} {} ({})",
                generation.number,
                module.name,
                module.version,
                module.image.shown()
            ),
        );
    }
}

fn say(level: Level, message: std::fmt::Arguments<'_>) {
    log::write(level, "gantry-server", message);
}
