//! TLSLog: lines of handshakes. Each is appended in one write.

use std::fmt::{self, Display};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use gantry_api::Session;
use gantry_sys::as_daemon;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::fs::OFlags;

const WORLD_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// A log file.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
}

/// Whose connection a line is about.
#[derive(Debug, Clone)]
pub(crate) struct About {
    session: u64,
    /// The client's address.
    pub(crate) remote: SocketAddr,
}

impl About {
    /// A session's.
    pub(crate) fn of(session: &Session) -> Self {
        Self { session: session.id, remote: session.remote }
    }
}

/// For the daemon's log.
impl Display for About {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "session {} from {}", self.session, self.remote.ip())
    }
}

impl Log {
    /// Opens or creates it, readable by owner and group alone. As in ProFTPD, no link and no world-writable folder.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        opened(path).map(|file| Self { file }).map_err(|error| format!("unable to use {}: {error}", path.display()))
    }

    /// Writes a line; an error of the disk ends no connection.
    pub(crate) fn write(&self, about: &About, text: impl Display) {
        let now = timestamp(SystemTime::now());
        let line =
            format!("{now} mod_tls/{}[{}]: {}: {text}\n", env!("CARGO_PKG_VERSION"), about.session, about.remote.ip());
        let _ = (&self.file).write_all(line.as_bytes());
    }
}

fn opened(path: &Path) -> io::Result<File> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let mode = as_daemon(|| fs::metadata(parent))?.mode();
    if mode & WORLD_WRITES != 0 && mode & STICKY == 0 {
        return Err(io::Error::other(format!("the folder {} is world-writable", parent.display())));
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640).custom_flags(flags);
    let file = as_daemon(|| options.open(path))?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("not a regular file")),
    }
}

fn timestamp(now: SystemTime) -> String {
    let now = Timestamp::try_from(now).unwrap_or_default();
    TimeZone::system().to_datetime(now).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
