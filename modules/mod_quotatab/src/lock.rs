//! QuotaLock: a file that all servers lock which write the same tallies.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gantry_api::prelude::*;
use gantry_sys::as_daemon;
use gantry_sys::file_lock::{FileLock, try_lock};

/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before it is tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct QuotaLock(pub(crate) PathBuf);

/// The lock, until it is dropped.
pub(crate) struct Taken {
    _file: File,
}

impl QuotaLock {
    /// Waits for the lock.
    pub(crate) async fn take(&self) -> Result<Taken> {
        let path = self.0.clone();
        let shown = path.display().to_string();
        let taken = tokio::task::spawn_blocking(move || -> std::io::Result<Taken> {
            let open =
                || OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
            let (file, began) = (as_daemon(open)?, Instant::now());
            while !try_lock(&file, FileLock::Exclusive)? {
                if began.elapsed() >= PATIENCE {
                    return Err(std::io::ErrorKind::TimedOut.into());
                }
                std::thread::sleep(PAUSE);
            }
            Ok(Taken { _file: file })
        });
        let taken = taken.await.map_err(|error| Error::system(error.to_string()))?;
        taken.map_err(|error| Error::system(format!("QuotaLock {shown}: {error}")))
    }
}
