//! The runtime of a loaded module's instance: its own, with one worker thread. It is
//! entered for every call of the instance except `at_once`.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gantry_api::runtime::{Runtime, Task};
use gantry_api::{Error, Result};
use tokio::runtime::{self, Handle};

use crate::lock::lock;
use crate::task::{Caught, caught};

/// The longest thread name that Linux keeps, in bytes.
const NAME_LIMIT: usize = 15;

/// A runtime of this image's tokio.
pub(crate) struct LoadedRuntime {
    module: &'static str,
    handle: Handle,
    runtime: Owned,
}

/// The runtime until it is shut down; shared with the thread that shuts it down.
type Owned = Arc<Mutex<Option<runtime::Runtime>>>;

impl LoadedRuntime {
    pub(crate) fn new(module: &'static str) -> Result<Self> {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(&module[..module.floor_char_boundary(NAME_LIMIT)])
            .enable_all()
            .build()
            .map_err(|error| Error::system(format!("{module}: cannot start a runtime: {error}")))?;
        let handle = runtime.handle().clone();
        Ok(Self { module, handle, runtime: Arc::new(Mutex::new(Some(runtime))) })
    }
}

impl Runtime for LoadedRuntime {
    fn within(&self, work: &mut dyn FnMut()) {
        let _entered = self.handle.enter();
        work();
    }

    fn spawn(&self, task: Task) {
        // A runtime that has been shut down drops the task at once.
        caught(self.module, "spawning a task", || drop(self.handle.spawn(Caught::new(self.module, task))));
    }

    fn stop(&self, limit: Duration) {
        caught(self.module, "stopping the runtime", || shut_down(self.module, &self.runtime, limit));
    }
}

impl Drop for LoadedRuntime {
    fn drop(&mut self) {
        caught(self.module, "ending the runtime", || background(&self.runtime));
    }
}

/// Shuts the runtime down from a separate thread, because tokio panics if a thread that
/// has entered one of its runtimes does this and waits.
fn shut_down(module: &str, owned: &Owned, limit: Duration) {
    let theirs = Arc::clone(owned);
    let stopper = thread::Builder::new().name("module-stop".to_owned()).spawn(move || {
        let runtime = lock(&theirs).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(limit);
        }
    });
    match stopper {
        Ok(stopper) => caught(module, "stopping the runtime", || {
            if let Err(payload) = stopper.join() {
                std::panic::resume_unwind(payload);
            }
        }),
        Err(_) => background(owned),
    }
}

/// Shuts the runtime down without waiting.
fn background(owned: &Owned) {
    let runtime = lock(owned).take();
    if let Some(runtime) = runtime {
        runtime.shutdown_background();
    }
}
