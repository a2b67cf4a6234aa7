//! The end of a generation: its modules are told to stop, the last first, then
//! everything goes in the order that code needs: instances, settings and
//! services, runtimes, images.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::log::Level;
use gantry_api::{Layout, Lent, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::daemon::registry::Registry;
use crate::generation::images::ImageRef;
use crate::generation::retired::Retired;
use crate::generation::running::Running;
use crate::log::say;

/// How long a module may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(150);
/// How long its tasks may take to end after that.
const RUNTIME_LIMIT: Duration = Duration::from_secs(5);

/// Takes leave of generations until nobody can send one any more, and all have
/// gone. A module that takes its time to stop holds up its own generation alone.
pub async fn retire(mut generations: UnboundedReceiver<Retired>, registry: Arc<Registry>) {
    let mut leaving = JoinSet::new();
    while let Some(retired) = generations.recv().await {
        leaving.spawn(end(retired, registry.clone()));
        while leaving.try_join_next().is_some() {}
    }
    while leaving.join_next().await.is_some() {}
}

async fn end(retired: Retired, registry: Arc<Registry>) {
    for module in retired.modules().iter().rev() {
        stop(module).await;
    }
    registry.ended(&retired);
    let mut left: Vec<_> = retired.modules().iter().rev().map(Left::of).collect();
    let number = retired.number;
    let images = retired.clear();
    for Left { name, runtime, .. } in &mut left {
        if let Some(runtime) = runtime.take() {
            // Waiting for threads to end is no work for this one.
            let stopped = tokio::task::spawn_blocking(move || runtime.stop(RUNTIME_LIMIT)).await;
            if let Err(error) = stopped {
                say(Level::Error, format_args!("the runtime of {name} did not stop well: {error}"));
            }
        }
    }
    // The images go now; what is said of them is text of the daemon's.
    drop(images);
    // The one of number 0 served nobody.
    let level = if number == 0 { Level::Debug } else { Level::Info };
    for Left { name, version, file, .. } in left {
        if let Some(file) = file {
            say(level, format_args!("{name} {version} ({file}) of generation {number} retired"));
        }
    }
    say(level, format_args!("generation {number} retired"));
}

/// What there is to say and do of a module when its instance has gone.
struct Left {
    name: String,
    version: String,
    runtime: Option<Lent<Arc<dyn Runtime>, ImageRef>>,
    /// Of a loaded one.
    file: Option<String>,
}

impl Left {
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
        Ok(Err(error)) => say(Level::Error, format_args!("{} did not stop well: {error}", module.name)),
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
        let left = Left::of(&running);
        drop(running);
        drop(left);
        report.assert_sound(2);
    }
}
