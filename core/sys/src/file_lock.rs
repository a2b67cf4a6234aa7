//! Locks on a file against other processes and other users of this process: those of fcntl(2), bound to the open file,
//! and those of flock(2), for programs that know only one of the two.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{FlockOperation, flock};

/// Who else may hold a lock at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileLock {
    /// Other readers. The file must be open for reading.
    Shared,
    /// Nobody. The file must be open for writing.
    Exclusive,
}

/// Locks the whole file in both ways, without waiting. False if somebody else has a lock that excludes this one. Closing
/// the file ends it, as [`unlock`] does.
///
/// The lock of fcntl is one of the open file (F_OFD_SETLK), not of the process: closing another descriptor of the same
/// file does not end it, and two that this process opened exclude each other. It excludes the older kind (F_SETLK) as well.
///
/// # Errors
/// The kernel's, for example that the file system has no locks.
pub fn try_lock(file: impl AsFd, lock: FileLock) -> io::Result<bool> {
    let (kind, operation) = match lock {
        FileLock::Shared => (libc::F_RDLCK, FlockOperation::NonBlockingLockShared),
        FileLock::Exclusive => (libc::F_WRLCK, FlockOperation::NonBlockingLockExclusive),
    };
    match flock(&file, operation) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let locked = set(&file, kind);
    if !matches!(locked, Ok(true)) {
        flock(&file, FlockOperation::Unlock)?;
    }
    locked
}

/// Ends both locks.
///
/// # Errors
/// The kernel's.
pub fn unlock(file: impl AsFd) -> io::Result<()> {
    let unlocked = set(&file, libc::F_UNLCK);
    flock(&file, FlockOperation::Unlock)?;
    unlocked.map(drop)
}

fn set(file: impl AsFd, kind: i32) -> io::Result<bool> {
    let lock = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        // Must be zero.
        l_pid: 0,
    };
    // SAFETY: the descriptor is open, because it is borrowed; the kernel only reads the structure, which lives until
    // the call has returned.
    let done = unsafe { libc::fcntl(file.as_fd().as_raw_fd(), libc::F_OFD_SETLK, &lock) };
    if done == 0 {
        return Ok(true);
    }
    match io::Error::last_os_error() {
        error if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => Ok(false),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_lock_excludes_others_in_the_process_and_outside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let open = || File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
        let (one, other) = (open(), open());
        assert!(try_lock(&one, FileLock::Exclusive).unwrap());
        assert!(!try_lock(&other, FileLock::Shared).unwrap());
        // Closing a descriptor of the same file ends no lock.
        drop(open());
        assert!(!try_lock(&other, FileLock::Exclusive).unwrap());
        let by_others = || Command::new("flock").arg("-n").arg(&path).arg("true").status().unwrap().success();
        assert!(!by_others());
        unlock(&one).unwrap();
        assert!(by_others());
        assert!(try_lock(&one, FileLock::Shared).unwrap());
        assert!(try_lock(&other, FileLock::Shared).unwrap());
        assert!(!try_lock(&one, FileLock::Exclusive).unwrap());
    }
}
