//! A spawned task under the guard: a panic in its poll or drop becomes a line in the log that names
//! the module.

use std::pin::Pin;
use std::task::{Context, Poll};

use gantry_api::guard;
use gantry_api::log::{self, Level};
use gantry_api::runtime::Task;

/// A task that ends instead of panicking.
pub(crate) struct Caught {
    task: Option<Task>,
    module: &'static str,
}

impl Caught {
    pub(crate) fn new(module: &'static str, task: Task) -> Self {
        Self { task: Some(task), module }
    }

    /// Drops the task now.
    pub(crate) fn drop_task(&mut self) {
        let task = self.task.take();
        caught(self.module, "a task, while being dropped", || drop(task));
    }
}

impl Future for Caught {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let module = self.module;
        let Some(task) = &mut self.task else { return Poll::Ready(()) };
        let mut polled = Poll::Ready(());
        let task = task.as_mut();
        caught(module, "a task", || polled = task.poll(context));
        if polled.is_ready() {
            self.drop_task();
        }
        polled
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        self.drop_task();
    }
}

/// Does `work`; if it panics, logs a line that names `what`.
pub(crate) fn caught(module: &str, what: &str, work: impl FnOnce()) {
    let done = guard::call(module, || {
        work();
        Ok(())
    });
    if let Err(error) = done {
        log::write(Level::Error, module, format_args!("{what}: {error}"));
    }
}
