//! A module's own runtime, as the boundary sees it. core/runtime implements it with tokio; a module
//! names that in `module!`, and no tokio type crosses.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;

/// How a module's code got into the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Linked into the daemon.
    Linked,
    /// Loaded from a shared object.
    Loaded,
}

/// A task that a module starts.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The runtime of one instance of a module.
pub trait Runtime: Send + Sync {
    /// Runs work with the runtime entered on this thread.
    fn within(&self, work: &mut dyn FnMut());
    /// Starts a task, which ends at the latest when the instance stops.
    fn spawn(&self, task: Task);
    /// Ends all tasks and the runtime's threads; blocks for at most `limit`.
    fn stop(&self, limit: Duration);
}

/// Starts the runtime of an instance of the named module.
pub type RuntimeStart = fn(Layout, &'static str) -> Result<Arc<dyn Runtime>>;
