//! The target of one log: a file, a pipe, the daemon's standard output or error, or the system's
//! log. Only a disk can block it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gantry_api::{LogTarget, Severity};
use gantry_sys::{as_daemon, as_daemon_in_folder};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::syslog::Syslog;

/// How often to check whether a file was renamed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How many bytes a writable pipe accepts without blocking (PIPE_BUF).
const PIPE_PIECE: usize = 4096;
/// The daemon's own standard output and error, by their usual names.
const OUTPUT: &str = "/dev/stdout";
const ERROR: &str = "/dev/stderr";
const WORLD_WRITES: u32 = 0o002;

/// What a log is written to.
pub(super) enum Place {
    /// Something with a name in the file system.
    Named(NamedFile),
    /// The daemon's standard output.
    Output,
    /// The daemon's standard error.
    Error,
    /// The system's log.
    Syslog(Syslog, Severity),
}

/// The target of the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineTarget {
    /// The same as before.
    Same,
    /// Another file.
    Another,
}

/// Something with a name in the file system.
pub(super) struct NamedFile {
    path: PathBuf,
    follow_link: bool,
    file: Option<File>,
    /// Whether it is a file on a disk, which device and inode identify.
    is_regular: bool,
    identity: (u64, u64),
    looked: Instant,
    /// Whether the name now leads to a file that cannot be used; this is reported once.
    is_refused: bool,
}

impl Place {
    /// Opens or makes it.
    ///
    /// # Errors
    /// The system's, and for places that are unsafe.
    pub(super) fn open(target: &LogTarget) -> io::Result<Self> {
        match target {
            LogTarget::Syslog(severity) => Ok(Self::Syslog(Syslog::new()?, *severity)),
            LogTarget::File { path, .. } if path == Path::new(OUTPUT) => Ok(Self::Output),
            LogTarget::File { path, .. } if path == Path::new(ERROR) => Ok(Self::Error),
            LogTarget::File { path, follow_link } => NamedFile::open(path, *follow_link).map(Self::Named),
        }
    }

    /// Checks whether it could be opened, and creates nothing. The check may have fewer rights than
    /// the daemon.
    ///
    /// # Errors
    /// As [`Place::open`], as far as that can be told.
    pub(super) fn check(target: &LogTarget) -> io::Result<()> {
        let LogTarget::File { path, follow_link } = target else { return Ok(()) };
        if [OUTPUT, ERROR].iter().any(|own| path == Path::new(own)) {
            return Ok(());
        }
        let looked = check_folder(path).and_then(|()| match as_daemon(|| fs::symlink_metadata(path)) {
            Ok(found) if found.is_symlink() && !follow_link => Err(is_link()),
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            _ => Ok(()),
        });
        looked.or_else(|error| if error.kind() == ErrorKind::PermissionDenied { Ok(()) } else { Err(error) })
    }

    /// Writes the beginning of these lines, and returns how many bytes were written.
    ///
    /// # Errors
    /// The system's, where nothing could be written; `WouldBlock` where nothing can be
    /// written just now.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match self {
            Self::Named(named) => named.write(lines),
            Self::Output => write_shared(io::stdout().as_fd(), lines),
            Self::Error => write_shared(io::stderr().as_fd(), lines),
            Self::Syslog(syslog, severity) => {
                let line = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
                syslog.send(*severity, line)?;
                Ok(lines.len().min(line.len() + 1))
            }
        }
    }

    /// Opens the file that the name leads to, if it is not the open one.
    ///
    /// # Errors
    /// The system's; see [`Place::is_open`]. Of a file that stays open they are told once.
    pub(super) fn follow(&mut self) -> io::Result<LineTarget> {
        let Self::Named(named) = self else { return Ok(LineTarget::Same) };
        if named.file.is_some() && (!named.is_regular || named.looked.elapsed() < LOOK_AGAIN) {
            return Ok(LineTarget::Same);
        }
        named.looked = Instant::now();
        if named.file.is_some() && named.is_where_the_name_leads() {
            named.is_refused = false;
            return Ok(LineTarget::Same);
        }
        match NamedFile::open(&named.path, named.follow_link) {
            Ok(opened) => *named = opened,
            Err(_) if named.file.is_some() && named.is_refused => return Ok(LineTarget::Same),
            Err(error) => {
                named.is_refused = true;
                return Err(error);
            }
        }
        Ok(LineTarget::Another)
    }

    /// Whether there is a target to write to.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Named(NamedFile { file: None, .. }))
    }

    /// Called after an error: anything but a file on a disk is reopened before the next line.
    pub(super) fn doubt(&mut self) {
        match self {
            Self::Named(named) if !named.is_regular => named.file = None,
            _ => {}
        }
    }
}

impl NamedFile {
    fn open(path: &Path, follow_link: bool) -> io::Result<Self> {
        check_folder(path)?;
        // With NONBLOCK, a pipe without a reader is an error and does not block.
        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        if !follow_link {
            flags |= OFlags::NOFOLLOW;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o640).custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        let opened = as_daemon_in_folder(path, || options.open(path));
        let file = opened.map_err(|error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() && !follow_link => is_link(),
            Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => {
                io::Error::other("nobody reads from this pipe")
            }
            _ => error,
        })?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        Ok(Self {
            path: path.to_owned(),
            follow_link,
            is_regular: metadata.file_type().is_file(),
            identity: identity(&metadata),
            file: Some(file),
            looked: Instant::now(),
            is_refused: false,
        })
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match &self.file {
            Some(file) => (&*file).write(lines),
            None => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// If the folder of the name cannot be read, the file counts as unchanged.
    fn is_where_the_name_leads(&self) -> bool {
        let look = || if self.follow_link { fs::metadata(&self.path) } else { fs::symlink_metadata(&self.path) };
        match as_daemon(look) {
            Ok(found) => identity(&found) == self.identity,
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }
}

fn check_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    match as_daemon(|| fs::metadata(folder))?.mode() & WORLD_WRITES {
        0 => Ok(()),
        _ => Err(io::Error::other(format!("the folder {} is world-writable", folder.display()))),
    }
}

fn is_link() -> io::Error {
    io::Error::other("it is a symbolic link, and AllowLogSymlinks is off")
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Writes to a target that is shared with other processes. It cannot be made non-blocking, so poll
/// it first.
fn write_shared(to: BorrowedFd<'_>, lines: &[u8]) -> io::Result<usize> {
    let mut asked = [PollFd::new(&to, PollFlags::OUT)];
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    if poll(&mut asked, Some(&none))? == 0 {
        return Err(ErrorKind::WouldBlock.into());
    }
    let piece = lines.get(..PIPE_PIECE).unwrap_or(lines);
    Ok(rustix::io::write(to, piece)?)
}
