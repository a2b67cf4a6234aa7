//! What the system stores of a user's password: the shadow file, or whatever the name service has in its place. The caller
//! decides what an entry means.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use crate::users::{Entry, Record, bytes, look_up, text};

/// How much of the shadow file is looked through for a hash, in bytes.
const LOOKED_THROUGH: u64 = 64 * 1024;

/// A shadow entry (shadow(5)). Days are counted from 1970-01-01.
#[derive(Clone, PartialEq, Eq)]
pub struct Shadow {
    /// The password's hash, or what locks it.
    pub hash: String,
    /// The day of the password's last change; 0 means that it must be changed now.
    pub changed: Option<i64>,
    /// After how many days it must be changed.
    pub max_days: Option<i64>,
    /// The day from which nobody can log in to the account.
    pub expires: Option<i64>,
}

impl Shadow {
    /// The entry of a user, if there is one.
    ///
    /// # Errors
    ///
    /// The caller may not read it, or a name service error.
    pub fn by_name(name: &str) -> io::Result<Option<Shadow>> {
        let Ok(name) = CString::new(name) else { return Ok(None) };
        // SAFETY: the name ends with NUL; for the rest, see Entry.
        look_up(|entry: Entry<'_, _>| unsafe {
            libc::getspnam_r(name.as_ptr(), entry.record, entry.buffer, entry.len, entry.found)
        })
    }
}

/// The password field of a user's passwd entry: a hash where the system has no shadow entries, else `x` or `*`.
///
/// # Errors
///
/// A name service error.
pub fn passwd_hash(name: &str) -> io::Result<Option<String>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    // SAFETY: the name ends with NUL; for the rest, see Entry.
    let found = look_up(|entry: Entry<'_, _>| unsafe {
        libc::getpwnam_r(name.as_ptr(), entry.record, entry.buffer, entry.len, entry.found)
    })?;
    Ok(found.map(|PasswdHash(hash)| hash))
}

/// Some hash of the shadow file, for work that takes as long as a real check; `None` if the file has none at its
/// beginning, or cannot be read.
#[must_use]
pub fn any_hash() -> Option<String> {
    let file = File::open("/etc/shadow").ok()?;
    let lines = BufReader::new(file.take(LOOKED_THROUGH)).lines();
    lines.map_while(Result::ok).find_map(|line| {
        let hash = line.split(':').nth(1)?;
        (hash.len() > 12 && !hash.starts_with(['*', '!'])).then(|| hash.to_owned())
    })
}

struct PasswdHash(String);

impl Record for PasswdHash {
    type C = libc::passwd;

    unsafe fn from_c(record: &libc::passwd) -> PasswdHash {
        // SAFETY: the caller has said so of all of the record's pointers.
        PasswdHash(text(unsafe { bytes(record.pw_passwd) }))
    }
}

impl Record for Shadow {
    type C = libc::spwd;

    unsafe fn from_c(record: &libc::spwd) -> Shadow {
        // A missing field is -1.
        let days = |field: libc::c_long| (field >= 0).then_some(field);
        Shadow {
            // SAFETY: the caller has said so of all of the record's pointers.
            hash: text(unsafe { bytes(record.sp_pwdp) }),
            changed: days(record.sp_lstchg),
            max_days: days(record.sp_max),
            expires: days(record.sp_expire),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_an_entry_where_nobody_is() {
        for name in ["", "no such user", "ro\0ot"] {
            if let Ok(found) = Shadow::by_name(name) {
                assert!(found.is_none(), "{name}");
            }
            assert_eq!(passwd_hash(name).unwrap(), None);
        }
        assert!(passwd_hash("root").unwrap().is_some());
    }

    #[test]
    fn root_reads_entries_and_others_are_refused() {
        match Shadow::by_name("root") {
            Ok(entry) => assert_eq!(entry.is_some(), rustix::process::geteuid().is_root()),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        }
    }
}
