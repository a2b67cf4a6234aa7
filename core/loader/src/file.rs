//! Reads a module's file. It is opened once, must be a regular file of limited size, and
//! only users whom the daemon trusts anyway may own it or write to it.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{fs, process};

use gantry_sys::resolve::resolve;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::error::{Distrust, LoadError};

/// The size limit for a shared object, in bytes.
pub(crate) const LIMIT: u64 = 512 * 1024 * 1024;

/// Whose files are trusted. Code that a privileged daemon loads gets its privileges, so
/// only root may be able to change it. A daemon with an ordinary user's rights has less to
/// lose: its files may belong to another trusted user or be writable by the group (as with
/// a umask of 002); only world-writable files are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The file, each folder above it and each link on the way must belong to root, and
    /// neither group nor others may have write permission, except in root's folders with
    /// the sticky bit. A daemon that was root stays as strict once it has become User:
    /// whoever writes that user's files must not become the daemon.
    Strict,
    /// The file and the folders above it must not be world-writable, except folders
    /// with the sticky bit.
    Lenient,
}

impl Trust {
    /// Strict for root, lenient for other users.
    pub fn of_this_process() -> Self {
        if rustix::process::geteuid().is_root() { Self::Strict } else { Self::Lenient }
    }
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Read {
    /// All its bytes, at least one.
    pub(crate) bytes: Vec<u8>,
    /// Its permission bits.
    pub(crate) mode: u32,
    /// Its path with all links resolved.
    pub(crate) real_path: PathBuf,
}

/// Reads a complete file of at most `limit` bytes; checks owners and modes if a trust
/// is given.
pub(crate) fn read(path: &Path, trust: Option<Trust>, limit: u64) -> Result<Read, LoadError> {
    let failed = |source| LoadError::Read { path: path.to_owned(), source };
    let file = open(path)?;
    let status = file.metadata().map_err(failed)?;
    if let Some(kind) = kind(&status) {
        return Err(LoadError::Kind { path: path.to_owned(), kind });
    }
    // The path of the opened file, even if the name now leads elsewhere.
    let real_path = real_path(&file).map_err(failed)?;
    if let Some(trust) = trust {
        check_owners(path, &real_path, &status, trust)?;
    }
    if status.len() > limit {
        return Err(LoadError::Size { path: path.to_owned(), found: status.len(), limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(status.len()).unwrap_or(0));
    // The file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 {
        0 => Err(LoadError::Empty { path: path.to_owned() }),
        found if found > limit => Err(LoadError::Size { path: path.to_owned(), found, limit }),
        _ => Ok(Read { bytes, mode: status.mode() & 0o7777, real_path }),
    }
}

/// Opens for reading, without waiting for the other end of a fifo.
fn open(path: &Path) -> Result<File, LoadError> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC).bits();
    let opened = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path);
    opened.map_err(|source| match source.raw_os_error() {
        Some(code) if code == Errno::NXIO.raw_os_error() => LoadError::Kind { path: path.to_owned(), kind: "a socket" },
        _ => LoadError::Read { path: path.to_owned(), source },
    })
}

/// The kind of a file that is not a regular file.
fn kind(status: &Metadata) -> Option<&'static str> {
    let kind = status.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() => Some("a fifo"),
        () => Some("a device"),
    }
}

fn check_owners(path: &Path, real_path: &Path, status: &Metadata, trust: Trust) -> Result<(), LoadError> {
    let refuse =
        |place: &Path, distrust| LoadError::Distrusted { path: path.to_owned(), place: place.to_owned(), distrust };
    if let Some(distrust) = distrust(status, trust) {
        return Err(refuse(path, distrust));
    }
    // Links can be replaced where they are.
    let absolute = std::path::absolute(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    let links = resolve(&absolute).links;
    for path in links.iter().map(PathBuf::as_path).chain([real_path]) {
        for folder in path.ancestors().skip(1) {
            let status = fs::metadata(folder).map_err(|source| LoadError::Read { path: folder.to_owned(), source })?;
            if let Some(distrust) = distrust(&status, trust) {
                return Err(refuse(folder, distrust));
            }
        }
    }
    Ok(())
}

fn real_path(file: &File) -> io::Result<PathBuf> {
    fs::read_link(format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd()))
}

/// Why a file or folder is not trusted.
fn distrust(status: &Metadata, trust: Trust) -> Option<Distrust> {
    const STICKY: u32 = 0o1000;
    let (owner, mode) = (status.uid(), status.mode());
    let sticky = status.is_dir() && mode & STICKY != 0;
    match trust {
        Trust::Strict if owner != 0 => Some(Distrust::Owner(owner)),
        Trust::Strict if mode & 0o022 != 0 && !(sticky && owner == 0) => Some(Distrust::Mode(mode & 0o7777)),
        Trust::Lenient if mode & 0o002 != 0 && !sticky => Some(Distrust::Mode(mode & 0o7777)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn read(path: &Path, trust: Option<Trust>) -> Result<Read, LoadError> {
        super::read(path, trust, LIMIT)
    }

    fn folder_with_file(folder_mode: u32, file_mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mod_x.so");
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(file_mode)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(folder_mode)).unwrap();
        (folder, file)
    }

    fn refused(folder_mode: u32, file_mode: u32, trust: Trust) -> Option<String> {
        let (_folder, file) = folder_with_file(folder_mode, file_mode);
        read(&file, Some(trust)).err().map(|error| error.to_string())
    }

    #[test]
    fn files_that_others_may_write_are_refused() {
        for trust in [Trust::Strict, Trust::Lenient] {
            assert_eq!(refused(0o755, 0o644, trust), None);
            assert!(refused(0o755, 0o646, trust).unwrap().contains("mode 0646"));
            assert!(refused(0o757, 0o644, trust).unwrap().contains("mode 0757"));
        }
        assert!(refused(0o755, 0o664, Trust::Strict).unwrap().contains("mode 0664"));
        assert!(refused(0o775, 0o644, Trust::Strict).unwrap().contains("mode 0775"));
        assert_eq!(refused(0o775, 0o664, Trust::Lenient), None);
    }

    #[test]
    fn the_folder_of_a_links_target_counts() {
        let (_folder, file) = folder_with_file(0o757, 0o644);
        let good = tempfile::tempdir().unwrap();
        let link = good.path().join("mod_x.so");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(read(&link, Some(Trust::Strict)).is_err());
        let (good, file) = folder_with_file(0o755, 0o644);
        let open = tempfile::tempdir().unwrap();
        let link = open.path().join("mod_x.so");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        fs::set_permissions(open.path(), Permissions::from_mode(0o777)).unwrap();
        for trust in [Trust::Strict, Trust::Lenient] {
            let error = read(&link, Some(trust)).unwrap_err().to_string();
            assert!(error.contains("mode 0777"), "{error}");
        }
        let link = good.path().join("link.so");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(read(&link, Some(Trust::Lenient)).is_ok());
        assert!(read(&link, None).is_ok());
    }

    #[test]
    fn anything_but_a_regular_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let kinds = [
            (folder.path(), "a folder"),
            (&fifo, "a fifo"),
            (&socket, "a socket"),
            (Path::new("/dev/null"), "a device"),
        ];
        for (path, kind) in kinds {
            let error = read(path, None).unwrap_err().to_string();
            assert!(error.contains(kind), "{error}");
        }
        let empty = folder.path().join("empty");
        fs::write(&empty, "").unwrap();
        assert!(matches!(read(&empty, None), Err(LoadError::Empty { .. })));
        assert!(matches!(read(&folder.path().join("none"), None), Err(LoadError::Read { .. })));
        File::create(&empty).unwrap().set_len(LIMIT + 1).unwrap();
        assert!(matches!(read(&empty, None), Err(LoadError::Size { .. })));
    }
}
