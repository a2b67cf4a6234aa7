//! The system's users and groups, from wherever its name service has them: for `User` and `Group`, for names in listings,
//! and for users that log in as themselves. Passwords are not looked at.

use std::ffi::{CStr, CString, OsString, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr;

use crate::Credentials;

/// First size of the buffer for what the name service finds; it grows from there.
const BUFFER: usize = 1024;
/// Last size: no entry can be as long.
const BUFFER_MAX: usize = 4 * 1024 * 1024;
/// Most groups that the kernel lets a process have.
const GROUPS_MAX: usize = 65_536;

/// A user of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The first group's number.
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
    /// The user of this name, if there is one.
    ///
    /// # Errors
    ///
    /// The name service's.
    pub fn by_name(name: &str) -> io::Result<Option<User>> {
        let Ok(name) = CString::new(name) else {
            return Ok(None);
        };
        // SAFETY: the name ends with NUL; for the rest, see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getpwnam_r(name.as_ptr(), entry.record, entry.buffer, entry.len, entry.found)
        })
    }

    /// The user of this number, if there is one.
    ///
    /// # Errors
    ///
    /// The name service's.
    pub fn by_uid(uid: u32) -> io::Result<Option<User>> {
        // SAFETY: see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getpwuid_r(uid, entry.record, entry.buffer, entry.len, entry.found)
        })
    }

    /// The user with all groups that the system's name service knows of.
    ///
    /// # Errors
    ///
    /// When the name service finds no end of groups.
    pub fn credentials(&self) -> io::Result<Credentials> {
        Ok(Credentials { uid: self.uid, gid: self.gid, groups: groups_of(&self.name, self.gid)? })
    }
}

impl Group {
    /// The group of this name, if there is one.
    ///
    /// # Errors
    ///
    /// The name service's.
    pub fn by_name(name: &str) -> io::Result<Option<Group>> {
        let Ok(name) = CString::new(name) else {
            return Ok(None);
        };
        // SAFETY: the name ends with NUL; for the rest, see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getgrnam_r(name.as_ptr(), entry.record, entry.buffer, entry.len, entry.found)
        })
    }

    /// The group of this number, if there is one.
    ///
    /// # Errors
    ///
    /// The name service's.
    pub fn by_gid(gid: u32) -> io::Result<Option<Group>> {
        // SAFETY: see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getgrgid_r(gid, entry.record, entry.buffer, entry.len, entry.found)
        })
    }
}

/// Every group of the user's, the given one included.
///
/// # Errors
///
/// When the name is none, or the name service finds no end of groups.
pub fn groups_of(name: &str, gid: u32) -> io::Result<Vec<u32>> {
    let name = CString::new(name)?;
    let mut groups = vec![0; 64];
    while groups.len() <= GROUPS_MAX {
        let mut count = c_int::try_from(groups.len()).unwrap_or(c_int::MAX);
        // SAFETY: the name ends with NUL; there is room for as many groups as `count` says, which is written too.
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

/// A record of the C library's that becomes a value of ours.
trait Record: Sized {
    type C;

    /// # Safety
    ///
    /// The record's pointers are null or strings that end with NUL.
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

/// Where a call of the C library's puts what it finds: a record, a buffer of `len` bytes for the strings that the
/// record points to, and whether anything was found. All pointers are valid for writes while [`look_up`] runs the call.
struct Entry<'a, C> {
    record: *mut C,
    buffer: *mut c_char,
    len: usize,
    found: &'a mut *mut C,
}

/// Runs the call with ever larger buffers until one is large enough. The call must fill the entry as getpwnam_r does.
fn look_up<R: Record>(call: impl Fn(Entry<'_, R::C>) -> c_int) -> io::Result<Option<R>> {
    let mut len = BUFFER;
    loop {
        let mut buffer: Vec<c_char> = vec![0; len];
        let mut record = MaybeUninit::<R::C>::uninit();
        let mut found = ptr::null_mut();
        let result = call(Entry { record: record.as_mut_ptr(), buffer: buffer.as_mut_ptr(), len, found: &mut found });
        match result {
            0 if found.is_null() => return Ok(None),
            // SAFETY: found is not null, so the call has filled the record, whose strings stand in the buffer, which
            // lives until from_c has copied them.
            0 => return Ok(Some(unsafe { R::from_c(record.assume_init_ref()) })),
            libc::EINTR => {}
            libc::ERANGE if len < BUFFER_MAX => len *= 2,
            // Not found, in the words of some name services.
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

/// # Safety
///
/// The pointer is null or a string that ends with NUL.
unsafe fn bytes(string: *const c_char) -> Vec<u8> {
    if string.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller has said so.
    unsafe { CStr::from_ptr(string) }.to_bytes().to_vec()
}

fn text(bytes: Vec<u8>) -> String {
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
