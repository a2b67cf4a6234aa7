//! The end of a generation: its modules stop, the last one first. Then everything is dropped in the
//! order that the code requires: instances, settings and services, runtimes, images.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::log::Level;
use gantry_api::{Layout, Lent, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::daemon::registry::Registry;
use crate::generation::images::ImageRef;
use crate::generation::retired::RetiredGeneration;
use crate::generation::running::Running;
use crate::log::say;

/// The time limit for a module to stop.
const STOP_LIMIT: Duration = Duration::from_secs(150);
/// The time limit for its tasks to end after that.
const RUNTIME_LIMIT: Duration = Duration::from_secs(5);

/// Retires generations until nobody can send one any more and all have been dropped. A module that
/// is slow to stop delays only its own generation.
pub async fn retire(mut generations: UnboundedReceiver<RetiredGeneration>, registry: Arc<Registry>) {
    let mut leaving = JoinSet::new();
    while let Some(retired) = generations.recv().await {
        leaving.spawn(end(retired, registry.clone()));
        while leaving.try_join_next().is_some() {}
    }
    while leaving.join_next().await.is_some() {}
}

async fn end(retired: RetiredGeneration, registry: Arc<Registry>) {
    for module in retired.modules().iter().rev() {
        stop(module).await;
    }
    registry.ended(&retired);
    let mut left: Vec<_> = retired.modules().iter().rev().map(Leftovers::of).collect();
    let number = retired.number;
    let images = retired.clear();
    for Leftovers { name, runtime, .. } in &mut left {
        if let Some(runtime) = runtime.take() {
            // Waiting for threads to end must not block this one.
            let stopped = tokio::task::spawn_blocking(move || runtime.stop(RUNTIME_LIMIT)).await;
            if let Err(error) = stopped {
                say(Level::Error, format_args!("the runtime of {name} did not stop cleanly: {error}"));
            }
        }
    }
    // The images are dropped now; the log lines use the daemon's own text.
    drop(images);
    // Number 0 never served.
    let level = if number == 0 { Level::Debug } else { Level::Info };
    for Leftovers { name, version, file, .. } in left {
        if let Some(file) = file {
            say(level, format_args!("{name} {version} ({file}) of generation {number} retired"));
        }
    }
    say(level, format_args!("generation {number} retired"));
}

/// What is still needed of a module after its instance has been dropped.
struct Leftovers {
    name: String,
    version: String,
    runtime: Option<Lent<Arc<dyn Runtime>, ImageRef>>,
    /// Its file, if it was loaded.
    file: Option<String>,
}

impl Leftovers {
    fn of(module: &Running) -> Self {
        let image = module.image();
        let file = (image.layout() == Layout::Loaded).then(|| image.shown());
        let runtime = module.home().runtime.clone().map(|runtime| Lent::new(runtime, image.clone()));
        Self { name: module.name.clone(), version: module.version.clone(), runtime, file }
    }
}

async fn stop(module: &Running) {
    match timeout(STOP_LIMIT, module.instance().stop()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => say(Level::Error, format_args!("{} did not stop cleanly: {error}", module.name)),
        Err(_) => {
            say(Level::Error, format_args!("{} did not stop within {} seconds", module.name, STOP_LIMIT.as_secs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::witness::{self, Report};

    #[test]
    fn a_runtime_that_is_left_goes_before_its_image() {
        let (image, report) = (witness::image(), Report::default());
        let instance = Lent::new(report.instance(&image), image);
        let running = Running::new("mod_witness".to_owned(), String::new(), instance);
        let left = Leftovers::of(&running);
        drop(running);
        drop(left);
        report.assert_sound(2);
    }
}
