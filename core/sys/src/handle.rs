//! What can be done with an open handle, `O_PATH` ones included, with no path looked up again: the thing that was checked
//! is the thing that is changed. Goes through /proc/self/fd where the kernel has no call for `O_PATH` handles.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, Stat, Timespec, Timestamps, chmodat, fstat, openat, readlinkat, utimensat,
};
use rustix::io::Errno;

/// What the handle stands for.
///
/// # Errors
///
/// The kernel's.
pub fn stat(handle: BorrowedFd<'_>) -> io::Result<Stat> {
    Ok(fstat(handle)?)
}

/// The host's path of it, as it is now.
///
/// # Errors
///
/// The kernel's; `ENOENT` when it has been removed.
pub fn real_path(handle: BorrowedFd<'_>) -> io::Result<PathBuf> {
    if fstat(handle)?.st_nlink == 0 {
        return Err(Errno::NOENT.into());
    }
    let path = readlinkat(CWD, magic_link(handle), Vec::new())?;
    Ok(OsString::from_vec(path.into_bytes()).into())
}

/// Opens the same thing again, with access of its own; permissions are checked against the thread's credentials.
///
/// # Errors
///
/// The kernel's.
pub fn reopen(handle: BorrowedFd<'_>, flags: OFlags) -> io::Result<OwnedFd> {
    // The name in /proc is a link that must be followed, and exists.
    let unfit = OFlags::NOFOLLOW | OFlags::CREATE | OFlags::EXCL;
    let flags = flags.difference(unfit) | OFlags::CLOEXEC;
    Ok(openat(CWD, magic_link(handle), flags, Mode::empty())?)
}

/// Sets permission bits.
///
/// # Errors
///
/// The kernel's; `EOPNOTSUPP` for a link.
pub fn set_mode(handle: BorrowedFd<'_>, mode: Mode) -> io::Result<()> {
    Ok(chmodat(CWD, magic_link(handle), mode, AtFlags::empty())?)
}

/// Sets the time of modification, and of access too, to seconds since 1970.
///
/// # Errors
///
/// The kernel's.
pub fn set_modified(handle: BorrowedFd<'_>, seconds: i64) -> io::Result<()> {
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, magic_link(handle), &times, AtFlags::empty())?)
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
