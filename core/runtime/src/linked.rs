//! The runtime of a linked-in module's instance: the daemon's own. The instance's tasks are
//! counted, so that they end with it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use gantry_api::log::{self, Level};
use gantry_api::runtime::{Runtime, Task};
use gantry_api::{Error, Result};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::AbortHandle;

use crate::lock::lock;
use crate::task::{Caught, caught};

/// The daemon's runtime, for one instance.
pub(crate) struct LinkedRuntime {
    module: &'static str,
    handle: Handle,
    tasks: Arc<Tasks>,
}

impl LinkedRuntime {
    pub(crate) fn new(module: &'static str) -> Result<Self> {
        let handle = Handle::try_current().map_err(|_| {
            Error::system(format!("{module} needs the daemon's runtime, but no runtime is entered on this thread"))
        })?;
        Ok(Self { module, handle, tasks: Arc::default() })
    }
}

impl Runtime for LinkedRuntime {
    fn within(&self, work: &mut dyn FnMut()) {
        work();
    }

    fn spawn(&self, task: Task) {
        caught(self.module, "spawning a task", || {
            let Some(place) = self.tasks.enter() else { return drop(Caught::new(self.module, task)) };
            let id = place.id;
            let running = self.handle.spawn(CountedTask { task: Caught::new(self.module, task), _place: place });
            self.tasks.started(id, running.abort_handle());
        });
    }

    fn stop(&self, limit: Duration) {
        caught(self.module, "stopping the runtime", || {
            self.tasks.abort();
            let left = blocking(|| self.tasks.wait(limit));
            if left > 0 {
                log::write(Level::Warn, self.module, format_args!("tasks still running after {limit:?}: {left}"));
            }
        });
    }
}

impl Drop for LinkedRuntime {
    fn drop(&mut self) {
        caught(self.module, "ending the runtime", || self.tasks.abort());
    }
}

/// Lets other threads of the runtime take over this one's work while it blocks. On a
/// single-threaded runtime no task can end while we wait, so do not wait there.
fn blocking(wait: impl FnOnce() -> usize) -> usize {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::CurrentThread) => 0,
        Ok(_) => tokio::task::block_in_place(wait),
        Err(_) => wait(),
    }
}

/// The running tasks of one instance.
#[derive(Default)]
struct Tasks {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    next: u64,
    stopped: bool,
    // `None` between `enter` and `started`.
    running: HashMap<u64, Option<AbortHandle>>,
}

impl Tasks {
    /// Makes a place for a new task; `None` after the stop.
    fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut state = lock(&self.state);
        if state.stopped {
            return None;
        }
        let id = state.next;
        state.next += 1;
        state.running.insert(id, None);
        Some(Place { tasks: Arc::clone(self), id })
    }

    /// Stores the task's handle once it is spawned. It may have ended by now, and `abort` may have
    /// missed it.
    fn started(&self, id: u64, handle: AbortHandle) {
        let mut state = lock(&self.state);
        if state.stopped {
            drop(state);
            handle.abort();
        } else if let Some(held) = state.running.get_mut(&id) {
            *held = Some(handle);
        }
    }

    /// Ends all tasks and accepts no more.
    fn abort(&self) {
        let mut state = lock(&self.state);
        state.stopped = true;
        let handles: Vec<_> = state.running.values().flatten().cloned().collect();
        // An abort may drop the task, and so its place, right here.
        drop(state);
        handles.iter().for_each(AbortHandle::abort);
    }

    /// Waits until all have ended; returns how many have not.
    fn wait(&self, limit: Duration) -> usize {
        let state = lock(&self.state);
        let waited = self.ended.wait_timeout_while(state, limit, |state| !state.running.is_empty());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.running.len()
    }
}

/// A task's place in the count, released when the task is dropped.
struct Place {
    tasks: Arc<Tasks>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.tasks.state);
        state.running.remove(&self.id);
        if state.running.is_empty() {
            self.tasks.ended.notify_all();
        }
    }
}

/// A task with its place.
struct CountedTask {
    task: Caught,
    _place: Place,
}

impl Drop for CountedTask {
    fn drop(&mut self) {
        self.task.drop_task();
    }
}

impl Future for CountedTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.task).poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Records in its drop how many tasks have places.
    struct Last(Arc<Tasks>, Arc<AtomicUsize>);

    impl Drop for Last {
        fn drop(&mut self) {
            self.1.store(lock(&self.0.state).running.len(), Ordering::Relaxed);
        }
    }

    #[test]
    fn a_task_has_its_place_until_it_is_gone() {
        let (tasks, noted) = (Arc::<Tasks>::default(), Arc::<AtomicUsize>::default());
        let last = Last(Arc::clone(&tasks), Arc::clone(&noted));
        let task = Caught::new("mod_test", Box::pin(async move { drop(last) }));
        drop(CountedTask { task, _place: tasks.enter().unwrap() });
        assert_eq!(noted.load(Ordering::Relaxed), 1);
        assert!(lock(&tasks.state).running.is_empty());
    }
}
