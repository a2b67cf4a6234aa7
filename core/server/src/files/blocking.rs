//! The threads for path operations: the file system may make them wait, and a session's credentials
//! belong to a thread. They do nothing else, so no other work can ever run under a client's
//! identity.

use std::io;

use gantry_api::{Error, Result};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinError;

const THREADS: usize = 64;

/// The pool of threads.
pub struct Blocking {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Blocking {
    /// Starts the pool; its threads start as they are needed.
    pub fn new() -> io::Result<Self> {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(THREADS).thread_name("gantry-files").build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Runs `work` on one of the threads. It is completed even if nobody waits for it any more.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let done: std::result::Result<_, JoinError> = self.handle.spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(Error::panic("gantryd", &error.to_string())))
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
