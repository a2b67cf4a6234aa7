//! The daemon's life: start, accepting clients, SIGHUP, SIGTERM. Every change builds the next
//! generation next to the running one, and replaces it only if everything works.

mod capacity;
mod change;
mod clients;
mod current;
mod error;
mod identity;
mod listener;
mod manager;
mod manner;
#[cfg(feature = "ctrls")]
mod operate;
mod pid_file;
mod rate;
mod registry;
mod retire;
mod signals;
#[cfg(feature = "ctrls")]
mod told;
mod turned_away;
mod watchdog;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use gantry_api::control::Change;
use gantry_api::log::Level;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use current::{Current, OpenResources};
use listener::Endpoints;
use pid_file::PidFile;
use rate::Rate;
use registry::Registry;
use signals::Signals;
use turned_away::TurnedAway;

pub use error::StartError;
pub use manner::{Manner, Until};

use crate::files::blocking::Blocking;
use crate::generation::images::Images;
use crate::generation::retired::RetiredGeneration;
use crate::generation::snapshot::Generation;
use crate::identity::Identity;
use crate::log::{LOGGER, say};
use crate::names::Names;
#[cfg(feature = "ctrls")]
use crate::operators::Operators;
use crate::plan::build::{Basis, BuildError, Plan};
use crate::plan::changes::Changes;
use crate::plan::source::Source;
use crate::session::census::DaemonCensus;
use crate::session::sessions::Sessions;
use crate::session::strangers::Strangers;
use crate::system::{Host, Keeper, start_keeper};

/// How long sessions may continue after SIGTERM before their transfers are aborted.
const END_LIMIT: Duration = Duration::from_secs(5);

/// Reads and checks a configuration without running anything.
pub fn check(source: &Source, images: &Images) -> Result<Vec<String>, StartError> {
    let plan = read(source, images)?;
    Endpoints::of(&plan).map_err(StartError::Wanted)?;
    Ok(plan.notices)
}

/// The modules of a configuration in order, with name and version. Runs nothing.
pub fn modules(source: &Source, images: &Images) -> Result<Vec<(String, String)>, StartError> {
    let plan = read(source, images)?;
    Ok(plan.modules().map(|(_, module)| (module.name.to_owned(), module.version.to_owned())).collect())
}

/// Reads a configuration and adds the notices about the server's own directives.
fn read(source: &Source, images: &Images) -> Result<Plan, BuildError> {
    read_on(source, images, &Basis::default())
}

/// The same on a basis.
fn read_on(source: &Source, images: &Images, basis: &Basis<'_>) -> Result<Plan, BuildError> {
    let mut plan = Plan::read(source, images, basis)?;
    // Report an impossible request where it is made.
    plan.notices.extend(Endpoints::of(&plan).map(|wanted| wanted.clashes).unwrap_or_default());
    Ok(plan)
}

/// Starts the modules of a configuration for one piece of work, without serving clients. Call it
/// before any thread starts.
pub fn with_generation<T>(
    source: &Source,
    images: &Images,
    work: impl AsyncFnOnce(&Generation) -> T,
) -> Result<T, StartError> {
    let plan = Plan::read(source, images, &Basis::default())?;
    let threads = |error| StartError::System("cannot start threads".to_owned(), error);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(threads)?;
    runtime.block_on(async {
        let (retire, retired) = mpsc::unbounded_channel();
        let retiring = tokio::spawn(retire::retire(retired, Arc::default()));
        let done = match plan.start(0, None, retire).await {
            Ok(generation) => Ok(work(&generation).await),
            Err(error) => Err(error.into()),
        };
        let _ = retiring.await;
        done
    })
}

/// Runs the daemon until it ends. Call it before any thread starts, because privileges belong to
/// threads. `ready` gets the addresses and the first generation once clients can connect.
pub fn run(
    source: Source,
    images: Images,
    manner: Manner,
    ready: impl FnOnce(&[SocketAddr], &Generation),
) -> Result<(), StartError> {
    let plan = read(&source, &images)?;
    // First of all: a second start is best explained by this.
    Endpoints::of(&plan).map_err(StartError::Wanted)?;
    let pid_file = take_pid_file(&plan, &manner)?;
    let mut open = OpenResources::of(&plan, None, &manner)?;
    LOGGER.send_to(open.log.take());
    LOGGER.set_options(open.log_options);
    say_all(&plan.notices);
    let keeper = start_keeper();
    let was_root = rustix::process::geteuid().is_root();
    // Before User, because only root can raise the limit.
    if let Err(error) = identity::raise_file_limit() {
        say(Level::Warn, format_args!("cannot raise the limit on open files: {error}"));
    }
    plan.settings().configure_log(plan.servers().map(|(_, _, settings)| settings));
    let identity = Arc::new(identity::take(plan.settings())?);
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
        // Before anybody can know the process to signal.
        let signals = Signals::new().map_err(failed("cannot receive signals"))?;
        watchdog::start().map_err(failed("cannot start threads"))?;
        let until = manner.until;
        let keeper = Keeper::new(keeper, was_root).map_err(failed("cannot start threads"))?;
        let system = Arc::new(Host::new(blocking.clone(), keeper));
        let beginning = Beginning { source, images, manner, plan, open, identity, blocking, system };
        let daemon = Arc::new(Daemon::start(beginning).await?);
        daemon.accept_at_all();
        if let Some(current) = daemon.current() {
            manager::ready();
            ready(&current.listeners.addresses(), &current.generation);
        }
        let mut signals = signals;
        let grace = daemon.live(&mut signals, until).await;
        manager::stopping();
        if !grace.is_zero() {
            daemon.wait(grace, &mut signals).await;
        }
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

/// The channel for ended generations, and the task that retires them.
type Retiring = (mpsc::UnboundedSender<RetiredGeneration>, JoinHandle<()>);

struct Daemon {
    source: Source,
    images: Images,
    manner: Manner,
    /// `None` when the daemon is ending.
    current: RwLock<Option<Arc<Current>>>,
    /// Locked while the next generation is built.
    changing: tokio::sync::Mutex<()>,
    changes: Mutex<Changes>,
    registry: Arc<Registry>,
    acceptors: Mutex<Vec<(SocketAddr, SocketAddr, JoinHandle<()>)>>,
    #[cfg(feature = "ctrls")]
    operators: Mutex<Option<Operators>>,
    blocking: Arc<Blocking>,
    system: Arc<Host>,
    identity: Arc<Identity>,
    retire: Mutex<Option<Retiring>>,
    /// The number of the newest generation.
    generations: AtomicU64,
    /// The number of the newest session.
    newest: AtomicU64,
    sessions: Arc<Sessions>,
    census: Arc<DaemonCensus>,
    names: Arc<Names>,
    strangers: Strangers,
    rate: Mutex<Rate>,
    /// Log lines about clients that are turned away.
    seldom: TurnedAway,
    tasks: Mutex<JoinSet<()>>,
    /// The changes that operators made, and sessions that must end at a certain time.
    #[cfg(feature = "ctrls")]
    works: Mutex<JoinSet<()>>,
    began: SystemTime,
    /// How often the configuration was reread, and when last.
    reloads: Mutex<(u64, Option<SystemTime>)>,
    /// The actions that operators disabled, by module and name.
    #[cfg(feature = "ctrls")]
    disabled: Mutex<std::collections::BTreeSet<(String, String)>>,
    /// An operator's override of UseReverseDNS.
    reverse_dns: Mutex<Option<bool>>,
    /// How long sessions may continue, if an operator ends the daemon.
    shutdown: watch::Sender<Option<Duration>>,
    /// Notified when a session ends.
    left: Notify,
    /// Set when no more clients are accepted.
    closing: AtomicBool,
}

/// What a daemon starts with.
struct Beginning {
    source: Source,
    images: Images,
    manner: Manner,
    plan: Plan,
    open: OpenResources,
    identity: Arc<Identity>,
    blocking: Arc<Blocking>,
    system: Arc<Host>,
}

impl Daemon {
    async fn start(beginning: Beginning) -> Result<Self, StartError> {
        let Beginning { source, images, manner, mut plan, open, identity, blocking, system } = beginning;
        plan.system = Some(system.clone());
        let (retire, retired) = mpsc::unbounded_channel();
        let registry = Arc::new(Registry::default());
        let retiring = tokio::spawn(retire::retire(retired, registry.clone()));
        let generation = match plan.start(1, None, retire.clone()).await {
            Ok(generation) => generation,
            Err(error) => {
                drop(retire);
                let _ = retiring.await;
                return Err(error.into());
            }
        };
        say_modules(&generation);
        registry.serve(&generation);
        generation.tell(&Change { generation: 1, cause: "start".to_owned(), module: None });
        Ok(Self {
            source,
            images,
            manner,
            current: RwLock::new(Some(Arc::new(Current::new(generation, open)))),
            changing: tokio::sync::Mutex::default(),
            changes: Mutex::default(),
            registry,
            acceptors: Mutex::default(),
            #[cfg(feature = "ctrls")]
            operators: Mutex::default(),
            blocking,
            system,
            identity,
            retire: Mutex::new(Some((retire, retiring))),
            generations: AtomicU64::new(1),
            newest: AtomicU64::new(0),
            sessions: Arc::default(),
            census: Arc::default(),
            names: Arc::default(),
            strangers: Strangers::default(),
            rate: Mutex::default(),
            seldom: TurnedAway::default(),
            tasks: Mutex::default(),
            #[cfg(feature = "ctrls")]
            works: Mutex::default(),
            began: SystemTime::now(),
            reloads: Mutex::default(),
            #[cfg(feature = "ctrls")]
            disabled: Mutex::default(),
            reverse_dns: Mutex::default(),
            shutdown: watch::Sender::new(None),
            left: Notify::new(),
            closing: AtomicBool::new(false),
        })
    }

    fn reloads(&self) -> MutexGuard<'_, (u64, Option<SystemTime>)> {
        self.reloads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<Arc<Current>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Handles signals until one of them or an operator ends the daemon, and returns how long
    /// sessions may continue. A reload runs concurrently, so a slow one does not keep anybody from
    /// ending the daemon.
    async fn live(self: &Arc<Self>, signals: &mut Signals, until: Until) -> Duration {
        let mut reloads = JoinSet::new();
        let mut asked_again = false;
        let mut shutdown = self.shutdown.subscribe();
        let ending = |why: &str| {
            say(Level::Info, format_args!("{why}: ending"));
            Duration::ZERO
        };
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => return ending("SIGTERM received"),
                _ = signals.interrupt.recv() => return ending("SIGINT received"),
                () = self.left.notified(), if until == Until::FirstSession => {
                    return ending("the first session has ended");
                }
                Ok(grace) = shutdown.wait_for(Option::is_some) => {
                    ending("an operator wants it");
                    return grace.unwrap_or_default();
                }
                _ = signals.hangup.recv() => {
                    say(Level::Info, format_args!("SIGHUP received: rereading {}", self.source.path.display()));
                    manager::reloading();
                    match reloads.is_empty() {
                        true => drop(reloads.spawn(self.clone().reload_or_say())),
                        false => asked_again = true,
                    }
                }
                Some(_) = reloads.join_next() => {
                    manager::ready();
                    // A reload requested meanwhile must read the file as it is now.
                    if std::mem::take(&mut asked_again) {
                        manager::reloading();
                        reloads.spawn(self.clone().reload_or_say());
                    }
                }
            }
        }
    }
}

/// Takes the PidFile of the configuration, or the one of `manner`.
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
                module.image().shown()
            ),
        );
    }
}
