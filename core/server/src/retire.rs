//! The end of a generation: its modules are told to stop, the last first, then
//! everything goes in the order that code needs: instances, settings and
//! services, runtimes, images.

use std::time::Duration;

use gantry_api::log::{self, Level};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use crate::generation::{Retired, Running};

/// How long a module may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(150);
/// How long its tasks may take to end after that.
const RUNTIME_LIMIT: Duration = Duration::from_secs(5);

/// Takes leave of generations until nobody can send one any more.
pub async fn retire(mut generations: UnboundedReceiver<Retired>) {
    while let Some(retired) = generations.recv().await {
        end(retired).await;
    }
}

async fn end(retired: Retired) {
    let Retired { number, modules, rest } = retired;
    for module in modules.iter().rev() {
        stop(module).await;
    }
    let mut parts = Vec::new();
    for Running { name, version, instance, image } in modules.into_iter().rev() {
        let runtime = instance.home().runtime.clone();
        drop(instance);
        parts.push((name, version, runtime, image));
    }
    drop(rest);
    for (name, version, runtime, image) in parts {
        if let Some(runtime) = runtime {
            // Waiting for threads to end is no work for this one.
            let _ = tokio::task::spawn_blocking(move || runtime.stop(RUNTIME_LIMIT)).await;
        }
        if image.layout() == gantry_api::Layout::Loaded {
            say(Level::Info, format_args!("{name} {version} ({}) of generation {number} retired", image.shown()));
        }
    }
    say(Level::Info, format_args!("generation {number} retired"));
}

async fn stop(module: &Running) {
    match timeout(STOP_LIMIT, module.instance.stop()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => say(Level::Error, format_args!("{} did not stop well: {error}", module.name)),
        Err(_) => {
            say(Level::Error, format_args!("{} did not stop within {} seconds", module.name, STOP_LIMIT.as_secs()))
        }
    }
}

fn say(level: Level, message: std::fmt::Arguments<'_>) {
    log::write(level, "gantry-server", message);
}
