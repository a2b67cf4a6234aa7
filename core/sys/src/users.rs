//! The system's users and groups, from its name service: for `User` and `Group`, for names in listings, and for system
//! users who log in. Passwords are not read.

use std::ffi::{CStr, CString, OsString, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr;

use crate::Credentials;

/// The first size of the buffer for the name service's results; it grows from there.
const BUFFER: usize = 1024;
/// The last size; no entry is that long.
const BUFFER_MAX: usize = 4 * 1024 * 1024;
/// The most groups that the kernel allows for a process.
const GROUPS_MAX: usize = 65_536;

/// A user of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The primary group's id.
    pub gid: u32,
    /// The home directory.
    pub home: PathBuf,
    /// The shell; empty means `/bin/sh`.
    pub shell: PathBuf,
}

/// A group of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The number.
    pub gid: u32,
}

impl User {
    /// The user with this name, if there is one.
    ///
    /// # Errors
    ///
    /// A name service error.
    pub fn by_name(name: &str) -> io::Result<Option<User>> {
        let Ok(name) = CString::new(name) else {
            return Ok(None);
        };
        // SAFETY: the name ends with NUL; for the rest, see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getpwnam_r(name.as_ptr(), entry.record, entry.buffer, entry.len, entry.found)
        })
    }

    /// The user with this id, if there is one.
    ///
    /// # Errors
    ///
    /// A name service error.
    pub fn by_uid(uid: u32) -> io::Result<Option<User>> {
        // SAFETY: see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getpwuid_r(uid, entry.record, entry.buffer, entry.len, entry.found)
        })
    }

    /// The ids of the user, including all groups that the name service reports.
    ///
    /// # Errors
    ///
    /// The name service reports too many groups.
    pub fn credentials(&self) -> io::Result<Credentials> {
        Ok(Credentials { uid: self.uid, gid: self.gid, groups: groups_of(&self.name, self.gid)? })
    }
}

/// The name of the process's own user, or its number if it has no name, for messages about what it may not do.
pub fn own_name() -> String {
    let uid = rustix::process::geteuid().as_raw();
    User::by_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

impl Group {
    /// The group with this name, if there is one.
    ///
    /// # Errors
    ///
    /// A name service error.
    pub fn by_name(name: &str) -> io::Result<Option<Group>> {
        let Ok(name) = CString::new(name) else {
            return Ok(None);
        };
        // SAFETY: the name ends with NUL; for the rest, see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getgrnam_r(name.as_ptr(), entry.record, entry.buffer, entry.len, entry.found)
        })
    }

    /// The group with this id, if there is one.
    ///
    /// # Errors
    ///
    /// A name service error.
    pub fn by_gid(gid: u32) -> io::Result<Option<Group>> {
        // SAFETY: see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getgrgid_r(gid, entry.record, entry.buffer, entry.len, entry.found)
        })
    }
}

/// All groups of the user, including the given one.
///
/// # Errors
///
/// The name is not valid, or the name service reports too many groups.
pub fn groups_of(name: &str, gid: u32) -> io::Result<Vec<u32>> {
    let name = CString::new(name)?;
    let mut groups = vec![0; 64];
    while groups.len() <= GROUPS_MAX {
        let mut count = c_int::try_from(groups.len()).unwrap_or(c_int::MAX);
        // SAFETY: the name ends with NUL; there is room for `count` groups, and `count` is writable.
        let result = unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count) };
        let count = usize::try_from(count).unwrap_or(0);
        if result >= 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let more = groups.len().saturating_mul(2).max(count);
        groups.resize(more, 0);
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// A record of the C library that can be converted.
pub(crate) trait Record: Sized {
    type C;

    /// # Safety
    ///
    /// The record's pointers must be null or NUL-terminated strings.
    unsafe fn from_c(record: &Self::C) -> Self;
}

impl Record for User {
    type C = libc::passwd;

    unsafe fn from_c(record: &libc::passwd) -> User {
        // SAFETY: the caller has said so of all of the record's pointers.
        let (name, home, shell) = unsafe { (bytes(record.pw_name), bytes(record.pw_dir), bytes(record.pw_shell)) };
        User {
            name: text(name),
            uid: record.pw_uid,
            gid: record.pw_gid,
            home: OsString::from_vec(home).into(),
            shell: OsString::from_vec(shell).into(),
        }
    }
}

impl Record for Group {
    type C = libc::group;

    unsafe fn from_c(record: &libc::group) -> Group {
        Group {
            // SAFETY: the caller has said so of all of the record's pointers.
            name: text(unsafe { bytes(record.gr_name) }),
            gid: record.gr_gid,
        }
    }
}

/// The output arguments of a call to the C library: a record, a buffer of `len` bytes for the record's strings, and
/// whether anything was found. All pointers are valid for writes while [`look_up`] runs the call.
pub(crate) struct Entry<'a, C> {
    pub(crate) record: *mut C,
    pub(crate) buffer: *mut c_char,
    pub(crate) len: usize,
    pub(crate) found: &'a mut *mut C,
}

/// Runs the call with growing buffers until one is large enough. The call must fill the entry like getpwnam_r.
pub(crate) fn look_up<R: Record>(call: impl Fn(Entry<'_, R::C>) -> c_int) -> io::Result<Option<R>> {
    let mut len = BUFFER;
    loop {
        let mut buffer: Vec<c_char> = vec![0; len];
        let mut record = MaybeUninit::<R::C>::uninit();
        let mut found = ptr::null_mut();
        let result = call(Entry { record: record.as_mut_ptr(), buffer: buffer.as_mut_ptr(), len, found: &mut found });
        match result {
            0 if found.is_null() => return Ok(None),
            // SAFETY: found is not null, so the call has filled the record. Its strings are in the buffer, which lives
            // until from_c has copied them.
            0 => return Ok(Some(unsafe { R::from_c(record.assume_init_ref()) })),
            libc::EINTR => {}
            libc::ERANGE if len < BUFFER_MAX => len *= 2,
            // Some name services use these to say "not found".
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

/// # Safety
///
/// The pointer must be null or a NUL-terminated string.
pub(crate) unsafe fn bytes(string: *const c_char) -> Vec<u8> {
    if string.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller guarantees it.
    unsafe { CStr::from_ptr(string) }.to_bytes().to_vec()
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_by_name_and_number() {
        let root = User::by_name("root").unwrap().unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert!(root.home.is_absolute());
        assert_eq!(User::by_uid(0).unwrap().unwrap(), root);
        assert_eq!(Group::by_name("root").unwrap().unwrap().gid, 0);
        assert_eq!(Group::by_gid(0).unwrap().unwrap().name, "root");
        assert!(root.credentials().unwrap().groups.contains(&0));
    }

    #[test]
    fn nobody_is_found_where_nobody_is() {
        for name in ["", "no such user", "ro\0ot", &"x".repeat(5000)] {
            assert_eq!(User::by_name(name).unwrap(), None);
            assert_eq!(Group::by_name(name).unwrap(), None);
        }
        assert_eq!(User::by_uid(4_000_000_001).unwrap(), None);
        assert_eq!(Group::by_gid(4_000_000_001).unwrap(), None);
    }
}
