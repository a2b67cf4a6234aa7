//! Starting one module: its runtime, its instance, `start` and its hooks, within a time limit. A
//! module that waits asynchronously is simply dropped when the time is up. One that blocks its
//! thread cannot be, so each module starts on its own thread. A stuck thread is abandoned with
//! everything it holds. That is leaked and not unmapped, because its code may continue at any time.

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gantry_api::guard::Home;
use gantry_api::service::Services;
use gantry_api::{Descriptor, Hook, Lent, ScopeAtStart, ScopeKind, ServerId, Start, Value};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::generation::images::{ImageRef, ModuleRefs};
use crate::generation::running::Running;
use crate::generation::scope::Scope;

/// How late a thread may be before it counts as blocked.
const GRACE: Duration = Duration::from_secs(1);

/// What a module needs to start, and what must outlive it.
pub struct Starting {
    /// The settings and services, which may belong to any module: no image is unmapped before them.
    pub lent: Lent<Surroundings, ModuleRefs>,
    /// The server and kind of each scope.
    pub kinds: Arc<[(ServerId, ScopeKind)]>,
    /// The position of the module to start.
    pub position: usize,
    /// The time limit.
    pub limit: Option<Duration>,
    /// What the previous instance handed over.
    pub handed_over: Value,
}

/// What a module finds when it starts.
pub struct Surroundings {
    /// All scopes, for their settings.
    pub scopes: Arc<Vec<Scope>>,
    /// The services of the modules before it.
    pub services: Services,
}

/// A running module, and its hooks.
pub type StartedModule = (Running, Vec<Hook>);

/// What the thread returns.
type Answer = Lent<(Result<StartedModule, String>, Services), ModuleRefs>;

/// Starts the module. Returns it or the reason why it did not start, with all services, including
/// its own. If the thread is abandoned, the services are lost.
pub async fn start(starting: Starting) -> Answer {
    let (limit, modules) = (starting.limit, Lent::image(&starting.lent).clone());
    let lost = |reason: String| Lent::new((Err(reason), Services::default()), modules);
    let answer = match begin(starting) {
        Ok(answer) => answer,
        Err(error) => return lost(format!("cannot start a thread for it: {error}")),
    };
    tokio::select! {
        answer = answer => answer.unwrap_or_else(|_| lost("gantryd panicked while it started the module".to_owned())),
        () = blocked(limit) => lost(format!(
            "{}: it blocks its thread, so both stay in memory until gantryd ends",
            late(limit)
        )),
    }
}

/// Starts the module on one thread, with a second thread that waits for the first to end.
/// Destructors of thread-local values (std has some in every image) are code of the image, which
/// must stay mapped until they have run.
fn begin(starting: Starting) -> io::Result<oneshot::Receiver<Answer>> {
    let runtime = Handle::current();
    let name = format!("start {}", starting.module().1.name);
    let modules = Lent::image(&starting.lent).clone();
    let start = move || runtime.block_on(starting.run());
    let (send, answer) = oneshot::channel();
    let wait = move || {
        let answer = match thread::Builder::new().name(name).spawn(start).map(thread::JoinHandle::join) {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => return,
            Err(error) => {
                Lent::new((Err(format!("cannot start a thread for it: {error}")), Services::default()), modules)
            }
        };
        // Nobody waits any more: a late start is useless, and its code may still do anything.
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
        let (image, at) = &Lent::image(&self.lent)[self.position];
        (image, &image.image().modules[*at])
    }

    /// Runs on the thread, which holds nothing of the generation when it ends.
    async fn run(mut self) -> Answer {
        let modules = Lent::image(&self.lent).clone();
        let mut services = Lent::new(mem::take(&mut self.lent.services), modules);
        let started = self.start(&mut services).await;
        Lent::map(services, |services| (started, services))
    }

    async fn start(&self, services: &mut Services) -> Result<StartedModule, String> {
        let (image, module) = self.module();
        let layout = image.layout();
        let runtime = module.runtime.map(|start| start(layout, module.name)).transpose();
        let home = Home { module: module.name.into(), runtime: runtime.map_err(|error| error.to_string())? };
        let instance = (module.create)(home.clone()).map_err(|error| error.to_string())?;
        let mut instance = Lent::new(instance, image.clone());
        let scopes = self.kinds.iter().zip(&*self.lent.scopes);
        let scopes: Vec<_> = scopes
            .map(|((server, kind), scope)| ScopeAtStart {
                server: *server,
                kind,
                settings: &*scope.modules[self.position],
            })
            .collect();
        let mut start = Start::new(layout, home, &scopes, &self.handed_over, services);
        match self.limit {
            Some(limit) => timeout(limit, instance.start(&mut start)).await.map_err(|_| late(self.limit))?,
            None => instance.start(&mut start).await,
        }
        .map_err(|error| error.to_string())?;
        let hooks = instance.hooks().map_err(|error| error.to_string())?;
        let (name, version) = (module.name.to_owned(), module.version.to_owned());
        Ok((Running::new(name, version, instance), hooks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::witness::{self, Report};

    #[test]
    fn what_a_start_needs_goes_before_the_images() {
        let (image, report) = (witness::image(), Report::default());
        let (scopes, services) = (Arc::new(vec![report.scope([&image])]), report.services([&image]));
        let modules: ModuleRefs = Arc::new([(image, 0)]);
        let lent = Lent::new(Surroundings { scopes, services }, modules);
        let kinds = Arc::new([(ServerId(0), ScopeKind::Server)]);
        drop(Starting { lent, kinds, position: 0, limit: None, handed_over: Value::None });
        report.assert_sound(2);
    }

    #[test]
    fn what_comes_of_a_start_goes_before_the_images() {
        let (image, report) = (witness::image(), Report::default());
        let instance = Lent::new(report.instance(&image), image.clone());
        let running = Running::new("mod_witness".to_owned(), String::new(), instance);
        let services = report.services([&image]);
        let answer: Answer = Lent::new((Ok((running, Vec::new())), services), Arc::new([(image, 0)]));
        drop(answer);
        report.assert_sound(3);
    }
}
