//! Operations on an open handle, including `O_PATH` ones, without looking up a path again: what was
//! checked is what gets changed. They go through /proc/self/fd if the kernel has no call for
//! `O_PATH` handles.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, ResolveFlags, Stat, StatxFlags, StatxTimestamp, Timespec, Timestamps, Uid,
    chmodat, chownat, fstat, makedev, openat, openat2, readlinkat, statat, statx, utimensat,
};
use rustix::io::Errno;

/// The metadata of the handle's file.
///
/// # Errors
///
/// A kernel error.
pub fn stat(handle: BorrowedFd<'_>) -> io::Result<Stat> {
    Ok(fstat(handle)?)
}

/// The metadata of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The kind and the permission bits, as in [`Stat`].
    pub mode: u32,
    /// Hard links.
    pub links: u64,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// The last modification, in Unix seconds.
    pub modified: i64,
    /// The device number.
    pub device: u64,
    /// The inode number.
    pub inode: u64,
    /// The number of the mount through which it was reached; `None` for a name, and on kernels
    /// that do not report it.
    pub mount: Option<u64>,
}

/// How current the result of [`attributes`] must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What the kernel has cached: a remote file system is not asked, and the call does not wait.
    AtHand,
    /// As current as [`stat`].
    Now,
}

/// The metadata of the handle's file.
///
/// # Errors
///
/// A kernel error.
pub fn attributes(handle: BorrowedFd<'_>, freshness: Freshness) -> io::Result<Attributes> {
    let flags = match freshness {
        Freshness::AtHand => AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC,
        Freshness::Now => AtFlags::EMPTY_PATH,
    };
    let found = statx(handle, c"", flags, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID)?;
    let has_mount = found.stx_mask & StatxFlags::MNT_ID.bits() != 0;
    Ok(Attributes {
        mode: found.stx_mode.into(),
        links: found.stx_nlink.into(),
        uid: found.stx_uid,
        gid: found.stx_gid,
        size: found.stx_size,
        modified: found.stx_mtime.tv_sec,
        device: makedev(found.stx_dev_major, found.stx_dev_minor),
        inode: found.stx_ino,
        mount: has_mount.then_some(found.stx_mnt_id),
    })
}

/// Opens a path of the host, if the kernel finds all of it in its caches; `None` also for any error.
#[must_use]
pub fn open_cached(path: &Path, flags: OFlags) -> Option<OwnedFd> {
    let resolve = ResolveFlags::NO_MAGICLINKS | ResolveFlags::CACHED;
    openat2(CWD, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve).ok()
}

/// The version of a file: it differs once the file has been changed or replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// The device number.
    pub device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    /// From a file's metadata.
    #[must_use]
    pub fn of(found: &Metadata) -> Version {
        Version {
            device: found.dev(),
            inode: found.ino(),
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// Of the file at a path of the host, if the kernel knows it without waiting: all of the path is in
    /// its caches, and so is what is asked. Of another machine's file it may be an old one.
    #[must_use]
    pub fn at_hand(path: &Path) -> Option<Version> {
        let file = open_cached(path, OFlags::PATH)?;
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let found = statx(file, c"", flags, StatxFlags::BASIC_STATS).ok()?;
        let time = |time: StatxTimestamp| (time.tv_sec, time.tv_nsec.into());
        Some(Version {
            device: makedev(found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            size: found.stx_size,
            modified: time(found.stx_mtime),
            changed: time(found.stx_ctime),
        })
    }
}

/// The metadata of a name in a directory; of a link itself.
///
/// # Errors
///
/// A kernel error.
pub fn attributes_of_name(directory: BorrowedFd<'_>, name: &[u8]) -> io::Result<Attributes> {
    // Cheaper than statx: a listing asks this for each of its names.
    let found = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    #[allow(clippy::useless_conversion, reason = "some processors have fewer bits for links")]
    Ok(Attributes {
        mode: found.st_mode,
        links: found.st_nlink.into(),
        uid: found.st_uid,
        gid: found.st_gid,
        size: u64::try_from(found.st_size).unwrap_or(0),
        modified: found.st_mtime,
        device: found.st_dev,
        inode: found.st_ino,
        mount: None,
    })
}
/// Its current path on the host.
///
/// # Errors
///
/// A kernel error; `ENOENT` if it has been removed.
pub fn real_path(handle: BorrowedFd<'_>) -> io::Result<PathBuf> {
    if fstat(handle)?.st_nlink == 0 {
        return Err(Errno::NOENT.into());
    }
    let path = readlinkat(CWD, magic_link(handle), Vec::new())?;
    Ok(OsString::from_vec(path.into_bytes()).into())
}

/// Opens the same file again with its own access mode; permissions are checked against the thread's
/// credentials.
///
/// # Errors
///
/// A kernel error.
pub fn reopen(handle: BorrowedFd<'_>, flags: OFlags) -> io::Result<OwnedFd> {
    // The name in /proc is a link that must be followed, and it exists.
    let unfit = OFlags::NOFOLLOW | OFlags::CREATE | OFlags::EXCL;
    let flags = flags.difference(unfit) | OFlags::CLOEXEC;
    Ok(openat(CWD, magic_link(handle), flags, Mode::empty())?)
}

/// Sets permission bits.
///
/// # Errors
///
/// A kernel error; `EOPNOTSUPP` for a link.
pub fn set_mode(handle: BorrowedFd<'_>, mode: Mode) -> io::Result<()> {
    Ok(chmodat(CWD, magic_link(handle), mode, AtFlags::empty())?)
}

/// The text of a link, whose handle was opened with `O_PATH` and `O_NOFOLLOW`.
///
/// # Errors
///
/// A kernel error.
pub fn link_text(handle: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    Ok(readlinkat(handle, c"", Vec::new())?.into_bytes())
}

/// Sets the times of modification and access to this many seconds since 1970.
///
/// # Errors
///
/// A kernel error.
pub fn set_modified(handle: BorrowedFd<'_>, seconds: i64) -> io::Result<()> {
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, magic_link(handle), &times, AtFlags::empty())?)
}

/// Gives the file to another user, group or both.
///
/// # Errors
///
/// A kernel error.
pub fn set_owner(handle: BorrowedFd<'_>, user: Option<u32>, group: Option<u32>) -> io::Result<()> {
    let (user, group) = (user.map(Uid::from_raw), group.map(Gid::from_raw));
    Ok(chownat(handle, "", user, group, AtFlags::EMPTY_PATH)?)
}

fn magic_link(handle: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", handle.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::fd::AsFd;

    use super::*;
    use crate::Root;

    #[test]
    fn a_handle_serves_in_place_of_a_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "text").unwrap();
        let root = Root::open(dir.path()).unwrap();
        let handle = root.handle(b"/f").unwrap();

        assert_eq!(stat(handle.as_fd()).unwrap().st_size, 4);
        let real = real_path(handle.as_fd()).unwrap();
        assert_eq!(real, path.canonicalize().unwrap());

        set_mode(handle.as_fd(), Mode::from_raw_mode(0o640)).unwrap();
        set_modified(handle.as_fd(), 1_000_000_000).unwrap();
        let stat = stat(handle.as_fd()).unwrap();
        assert_eq!((stat.st_mode & 0o7777, stat.st_mtime), (0o640, 1_000_000_000));

        let mut text = String::new();
        let file = reopen(handle.as_fd(), OFlags::RDONLY).unwrap();
        fs::File::from(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");

        fs::remove_file(&path).unwrap();
        assert!(real_path(handle.as_fd()).is_err());
    }

    #[test]
    fn attributes_are_those_of_stat() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "text").unwrap();
        let root = Root::open(dir.path()).unwrap();
        let handle = root.handle(b"/f").unwrap();
        let stat = stat(handle.as_fd()).unwrap();
        let now = attributes(handle.as_fd(), Freshness::Now).unwrap();
        assert_eq!((now.mode, now.size, now.modified), (stat.st_mode, 4, stat.st_mtime));
        assert_eq!((now.device, now.inode, now.links), (stat.st_dev, stat.st_ino, stat.st_nlink));
        assert_eq!(attributes(handle.as_fd(), Freshness::AtHand).unwrap(), now);
        assert_eq!(attributes_of_name(root.as_fd(), b"f").unwrap(), Attributes { mount: None, ..now });
    }

    #[test]
    fn a_version_changes_with_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "text").unwrap();
        let version = || Version::of(&fs::metadata(&path).unwrap());
        let first = version();
        assert!(Version::at_hand(&path).is_none_or(|at_hand| at_hand == first));
        fs::write(&path, "texts").unwrap();
        assert_ne!(version(), first);
        assert_eq!(Version::at_hand(&path), Some(version()), "it has just been looked at");
        assert_eq!(Version::at_hand(&dir.path().join("none")), None);
    }

    #[test]
    fn a_link_is_not_followed_to_what_it_names() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "").unwrap();
        let root = Root::open(dir.path()).unwrap();
        let place = root.place(b"/link").unwrap();
        place.create_link(b"f").unwrap();
        let link = place.handle().unwrap();
        assert!(set_mode(link.as_fd(), Mode::from_raw_mode(0o777)).is_err());
        assert!(reopen(link.as_fd(), OFlags::RDONLY).is_err());
    }
}
