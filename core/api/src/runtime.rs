//! What a module's own runtime is to the boundary. core/runtime makes one of
//! tokio; a module names that in `module!`, and no tokio type crosses.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;

/// Where a module's code is.
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
    /// Does work with the runtime entered on this thread.
    fn within(&self, work: &mut dyn FnMut());
    /// Starts a task that ends when the instance stops, at the latest.
    fn spawn(&self, task: Task);
    /// Ends all tasks and the runtime's threads; blocks up to `limit`.
    fn stop(&self, limit: Duration);
}

/// Starts the runtime of an instance of the named module.
pub type RuntimeStart = fn(Layout, &'static str) -> Result<Arc<dyn Runtime>>;
