//! The waits of a transfer. Each ends when its event occurs, with ABOR, or after TimeoutStalled
//! without progress.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gantry_api::{Error, Result};

use crate::transfer::progress::Progress;

/// What can end the waits of a transfer.
pub struct Patience {
    progress: Arc<Progress>,
    stalled: Option<Duration>,
}

impl Patience {
    /// ABOR, as reported by `progress`, or TimeoutStalled.
    pub fn new(progress: Arc<Progress>, stalled: Option<Duration>) -> Self {
        Self { progress, stalled }
    }

    /// Waits for one step of a transfer.
    pub async fn step<T>(&self, work: impl Future<Output = io::Result<T>>) -> Result<T> {
        let stalled = async {
            match self.stalled {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = work => done.map_err(broken),
            () = self.progress.stopped() => Err(aborted()),
            () = stalled => Err(Error::client(426, "Transfer aborted: data connection stalled")),
        }
    }

    /// Waits while the transfer must not move.
    pub async fn pause(&self, time: Duration) -> Result<()> {
        tokio::select! {
            biased;
            () = self.progress.stopped() => Err(aborted()),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}

fn aborted() -> Error {
    Error::client(426, "Transfer aborted. Data connection closed")
}

/// The error of a failed connection.
pub fn broken(error: io::Error) -> Error {
    Error::client(426, format!("Transfer aborted. Data connection closed: {}", plain(&error)))
}

fn plain(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "Connection reset by peer",
        io::ErrorKind::TimedOut => "Connection timed out",
        _ => "Input/output error",
    }
}
