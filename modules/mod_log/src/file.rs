//! A log file. Each line is appended in one write, so that lines of several sessions and of the old and new generation
//! never mix, and no line waits in memory, where it could be lost.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gantry_api::log;
use gantry_sys::{as_daemon, as_daemon_in_folder};
use rustix::fs::OFlags;

/// A log file.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    /// Whether the last line could not be written; this is reported to the daemon's log once.
    failing: AtomicBool,
}

const WORLD_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

impl LogFile {
    /// Opens or creates it, readable only by owner and group. Like ProFTPD, refuses a link, a world-writable folder, and
    /// anything but a regular file; the error names the file.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let file = opened(path).map_err(|error| format!("unable to use {}: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), file, failing: AtomicBool::new(false) })
    }

    /// Writes a line, which includes its newline.
    pub(crate) fn write(&self, line: &[u8]) {
        let written = (&self.file).write_all(line);
        let failed = written.is_err();
        let failed_before = self.failing.swap(failed, Ordering::Relaxed);
        if let (Err(error), false) = (written, failed_before) {
            log!(Error, "cannot write to {}: {error}", self.path.display());
        }
    }
}

/// Checks whether a log file could be opened, without creating it. A folder that this process may not search is no
/// fault: the daemon may have more rights.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    let looked = check_folder(path).and_then(|()| match as_daemon(|| fs::symlink_metadata(path)) {
        Ok(found) if found.is_symlink() => Err(io::Error::other("it is a symbolic link")),
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Ok(()),
    });
    match looked {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
            Err(format!("unable to use '{}': {error}", path.display()))
        }
        _ => Ok(()),
    }
}

fn check_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mode = as_daemon(|| fs::metadata(folder))?.mode();
    match mode & WORLD_WRITES != 0 && mode & STICKY == 0 {
        true => Err(io::Error::other(format!("the folder {} is world-writable", folder.display()))),
        false => Ok(()),
    }
}

fn opened(path: &Path) -> io::Result<File> {
    check_folder(path)?;
    // Without NONBLOCK, opening a pipe would wait for its reader; for a regular file it makes no difference.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640).custom_flags(flags);
    let file = as_daemon_in_folder(path, || options.open(path))?;
    match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn lines_are_added_at_the_end_whoever_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("xferlog");
        let (old, new) = (LogFile::open(&path).unwrap(), LogFile::open(&path).unwrap());
        old.write(b"1\n");
        new.write(b"2\n");
        old.write(b"3\n");
        assert_eq!(fs::read(&path).unwrap(), b"1\n2\n3\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o007, 0);
    }

    #[test]
    fn unsafe_places_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink(dir.path().join("target"), &link).unwrap();
        assert!(LogFile::open(&link).unwrap_err().contains("link"));
        assert!(check(&link).unwrap_err().contains("symbolic link"));
        assert_eq!(check(&dir.path().join("xferlog")), Ok(()));
        assert!(check(Path::new("/nowhere/xferlog")).unwrap_err().contains("'/nowhere/xferlog': No such file"));
        assert!(check(dir.path()).is_err());
        assert!(LogFile::open(Path::new("/nowhere/xferlog")).unwrap_err().contains("/nowhere/xferlog"));
        assert!(LogFile::open(dir.path()).is_err());
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(LogFile::open(&dir.path().join("xferlog")).unwrap_err().contains("world-writable"));
        assert!(check(&dir.path().join("xferlog")).unwrap_err().contains("world-writable"));
    }
}
