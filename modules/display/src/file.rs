//! Finds and reads a file to be shown.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use gantry_api::files::Open;
use gantry_api::prelude::*;
use gantry_sys::as_daemon;

/// The most bytes that are shown of a file.
const MOST: usize = 64 * 1024;

/// A file that was read.
pub(crate) struct ReadFile {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes its file system has room for.
    pub(crate) available: Option<u64>,
}

/// Reads a file of the host or of the session.
pub(crate) async fn read(at: &mut Moment<'_>, path: &str) -> Option<ReadFile> {
    if path.starts_with('/')
        && let Some(file) = read_host(PathBuf::from(path)).await
    {
        return Some(file);
    }
    read_inside(at, path).await
}

/// Reads a file of the session.
pub(crate) async fn read_inside(at: &mut Moment<'_>, path: &str) -> Option<ReadFile> {
    at.session.account.as_ref()?;
    let opened = at.files.open(&at.session.resolve(path.as_bytes()), Open::Read).await.ok()?;
    let bytes = opened.file.read_at(0, MOST).await.ok()?;
    let available = opened.file.descriptor().and_then(|file| rustix::fs::fstatvfs(file).ok()).map(room);
    Some(ReadFile { bytes, available })
}

async fn read_host(path: PathBuf) -> Option<ReadFile> {
    let reading = tokio::task::spawn_blocking(move || as_daemon(|| read_file(&path)).ok());
    reading.await.ok().flatten()
}

/// Reads a regular file, and waits for nobody else's end of a pipe.
fn read_file(path: &Path) -> io::Result<ReadFile> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    (&file).take(MOST as u64).read_to_end(&mut bytes)?;
    Ok(ReadFile { bytes, available: rustix::fs::fstatvfs(&file).ok().map(room) })
}

fn room(found: rustix::fs::StatVfs) -> u64 {
    found.f_bavail.saturating_mul(found.f_frsize)
}
