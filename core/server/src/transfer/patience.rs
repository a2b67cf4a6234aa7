//! The waits of a transfer. Each ends when its event occurs, with ABOR, or after TimeoutStalled
//! without progress.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gantry_api::{Error, ErrorKind, Result};

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
            () = stalled => {
                self.progress.stall();
                Err(cut("Transfer aborted: data connection stalled"))
            }
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
    cut("Transfer aborted. Data connection closed")
}

/// The error of a transfer that was cut off.
pub fn cut(text: impl Into<String>) -> Error {
    Error::client(426, text).with_kind(ErrorKind::Aborted)
}

/// The error of a failed connection.
pub fn broken(error: io::Error) -> Error {
    cut(format!("Transfer aborted. Data connection closed: {}", plain(&error)))
}

fn plain(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "Connection reset by peer",
        io::ErrorKind::TimedOut => "Connection timed out",
        _ => "Input/output error",
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn a_transfer_that_is_cut_off_is_aborted_by_its_kind() {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let patience = Patience::new(Arc::default(), Some(Duration::ZERO));
        let stalled = runtime.block_on(patience.step(std::future::pending::<io::Result<()>>())).unwrap_err();
        let reset = runtime.block_on(patience.step(async { Err::<(), _>(io::ErrorKind::ConnectionReset.into()) }));
        for error in [stalled, reset.unwrap_err(), aborted()] {
            assert_eq!((error.kind(), error.code()), (ErrorKind::Aborted, Some(426)), "{error}");
        }
    }
}
