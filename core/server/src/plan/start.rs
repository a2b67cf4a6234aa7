//! Starting one module: its runtime, its instance, `start`, its hooks, all within
//! a time. Code that yields is simply dropped when the time is up. Code that
//! blocks its thread cannot be: each module starts on a thread of its own, which
//! is given up on then, with all that it holds. That is leaked, not unmapped, for
//! the code may go on at any time.

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gantry_api::guard::Home;
use gantry_api::service::Services;
use gantry_api::{Descriptor, Hook, ServerId, Start, Value};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::generation::images::ImageRef;
use crate::generation::running::Running;
use crate::generation::scope::{Scope, ScopeId};

/// By how much a thread may be late before it counts as blocked.
const GRACE: Duration = Duration::from_secs(1);

/// What a module's start needs, and what has to outlive it.
pub struct Starting {
    // Above the images: the settings are dropped by code of theirs.
    /// All scopes, for their settings.
    pub scopes: Arc<Vec<Scope>>,
    /// The scope of each server.
    pub servers: Arc<[ScopeId]>,
    /// All modules, each by its image and position there: they may call each
    /// other's services, so none of the images goes before this.
    pub modules: Arc<[(ImageRef, usize)]>,
    /// Which of them is to be started.
    pub position: usize,
    /// How long it may take.
    pub limit: Option<Duration>,
    /// What its instance before handed over.
    pub handed_over: Value,
}

/// A module that runs, and the moments at which it wants to be called.
pub type Started = (Running, Vec<Hook>);

/// What comes back from the thread.
type Answer = (Result<Started, String>, Services);

/// Starts the module. Its services are added to `services`, from which those of
/// the modules before it are taken; when the thread is given up on, they are
/// lost. The error is the reason.
pub async fn start(starting: Starting, services: &mut Services) -> Result<Started, String> {
    let limit = starting.limit;
    let taken = mem::take(services);
    let answer = begin(starting, taken).map_err(|error| format!("no thread for its start: {error}"))?;
    tokio::select! {
        answer = answer => {
            let (started, given_back) = answer.map_err(|_| "its start ended in a panic of gantryd's".to_owned())?;
            *services = given_back;
            started
        }
        () = blocked(limit) => Err(format!(
            "{}: it blocks its thread, which was given up on, and stays in memory until gantryd ends",
            late(limit)
        )),
    }
}

/// Starts the module on a thread, and a second one that waits for it to have
/// ended: what a thread leaves for its end to clean up (std does, in every
/// image) is code of the image, which must not have been unmapped by then.
fn begin(starting: Starting, services: Services) -> io::Result<oneshot::Receiver<Answer>> {
    let runtime = Handle::current();
    let name = format!("start {}", starting.module().1.name);
    let start = move || runtime.block_on(starting.run(services));
    let (send, answer) = oneshot::channel();
    let wait = move || {
        let answer = match thread::Builder::new().name(name).spawn(start).map(thread::JoinHandle::join) {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => return,
            Err(error) => (Err(format!("no thread for its start: {error}")), Services::default()),
        };
        // Nobody waits any more: what was started late is of no use, and
        // nothing is known of what its code still does.
        if let Err(late) = send.send(answer) {
            mem::forget(late);
        }
    };
    thread::Builder::new().name("gantryd start".to_owned()).spawn(wait)?;
    Ok(answer)
}

async fn blocked(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit.saturating_add(GRACE)).await,
        None => std::future::pending().await,
    }
}

fn late(limit: Option<Duration>) -> String {
    format!("did not start within {} seconds (TimeoutModuleStart)", limit.unwrap_or_default().as_secs())
}

impl Starting {
    fn module(&self) -> (&ImageRef, &Descriptor) {
        let (image, at) = &self.modules[self.position];
        (image, &image.image().modules[*at])
    }

    /// On the thread; nothing of the generation is held any more when it ends.
    async fn run(self, mut services: Services) -> Answer {
        (self.start(&mut services).await, services)
    }

    async fn start(&self, services: &mut Services) -> Result<Started, String> {
        let (image, module) = self.module();
        let layout = image.layout();
        let runtime = module.runtime.map(|start| start(layout, module.name)).transpose();
        let home = Home { module: module.name.into(), runtime: runtime.map_err(|error| error.to_string())? };
        let mut instance = (module.create)(home.clone()).map_err(|error| error.to_string())?;
        let settings: Vec<_> = self
            .servers
            .iter()
            .enumerate()
            .map(|(id, scope)| (ServerId(id), &*self.scopes[scope.0].modules[self.position]))
            .collect();
        let mut start = Start::new(layout, home, &settings, &self.handed_over, services);
        match self.limit {
            Some(limit) => timeout(limit, instance.start(&mut start)).await.map_err(|_| late(self.limit))?,
            None => instance.start(&mut start).await,
        }
        .map_err(|error| error.to_string())?;
        let hooks = instance.hooks().map_err(|error| error.to_string())?;
        let (name, version) = (module.name.to_owned(), module.version.to_owned());
        Ok((Running::new(name, version, instance, image.clone()), hooks))
    }
}
