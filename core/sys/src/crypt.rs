//! Password hashes with the system's libcrypt (libxcrypt), so that every scheme in the host's
//! shadow file works here too, in particular yescrypt. Where hashes come from and how often a
//! password may be tried is up to the caller.
//!
//! Every call takes tens of milliseconds or more, depending on the scheme: never make one on a thread that serves
//! others.

use std::ffi::{CStr, CString, c_char, c_int, c_ulong, c_void};
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{Ordering, compiler_fence};

/// `sizeof (struct crypt_data)` of libxcrypt, fixed in its interface.
const DATA_SIZE: usize = 32_768;
/// `CRYPT_GENSALT_OUTPUT_SIZE`
const SETTING_SIZE: usize = 192;
/// `CRYPT_MAX_PASSPHRASE_SIZE`, including the NUL at its end.
const PASSWORD_SIZE: usize = 512;

#[link(name = "crypt")]
unsafe extern "C" {
    fn crypt_rn(phrase: *const c_char, setting: *const c_char, data: *mut c_void, size: c_int) -> *mut c_char;

    fn crypt_gensalt_rn(
        prefix: *const c_char,
        count: c_ulong,
        random: *const c_char,
        random_len: c_int,
        output: *mut c_char,
        output_size: c_int,
    ) -> *mut c_char;
}

/// The scheme for hashing a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// yescrypt (`$y$`), at libxcrypt's default cost.
    Yescrypt,
    /// SHA-512-crypt (`$6$`), for systems without yescrypt, at libxcrypt's default cost.
    Sha512,
    /// SHA-256-crypt (`$5$`), likewise.
    Sha256,
}

/// Why a password could be neither verified nor hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptError {
    /// The client is at fault: no account can have such a password.
    #[error("password contains a NUL byte")]
    NulByte,
    /// The client is at fault: libcrypt accepts at most 511 bytes.
    #[error("password is too long")]
    TooLong,
    /// Whoever stored the hash is at fault, or libcrypt is too old for it.
    #[error("libcrypt does not know the scheme of the hash")]
    UnknownScheme,
    /// The system is at fault.
    #[error("libcrypt cannot make a salt")]
    NoSalt,
}

/// Whether the password matches the hash.
///
/// An empty hash matches no password, not even an empty one. The same holds for hashes that start with `*` or `!`, which
/// locked accounts have.
///
/// # Errors
///
/// Each kind of [`CryptError`] except the last. None of them means a match.
pub fn verify(password: &[u8], hash: &str) -> Result<bool, CryptError> {
    let password = Secret::password(password)?;
    if hash.is_empty() || hash.starts_with(['*', '!']) {
        return Ok(false);
    }
    let setting = CString::new(hash).map_err(|_| CryptError::UnknownScheme)?;
    let computed = crypt(&password, &setting).ok_or(CryptError::UnknownScheme)?;
    Ok(is_equal(&computed.0, hash.as_bytes()))
}

/// A hash of the password, with a salt from the system's random numbers.
///
/// # Errors
///
/// [`CryptError`]
pub fn hash(password: &[u8], scheme: Scheme) -> Result<String, CryptError> {
    let password = Secret::password(password)?;
    let setting = new_setting(scheme).ok_or(CryptError::NoSalt)?;
    let hash = crypt(&password, &setting).ok_or(CryptError::UnknownScheme)?;
    String::from_utf8(hash.0.clone()).map_err(|_| CryptError::UnknownScheme)
}

impl Scheme {
    const fn prefix(self) -> &'static CStr {
        match self {
            Scheme::Yescrypt => c"$y$",
            Scheme::Sha512 => c"$6$",
            Scheme::Sha256 => c"$5$",
        }
    }
}

/// Bytes that are wiped when they are dropped.
struct Secret(Vec<u8>);

impl Secret {
    /// The password with a NUL at its end.
    fn password(password: &[u8]) -> Result<Secret, CryptError> {
        if password.contains(&0) {
            return Err(CryptError::NulByte);
        }
        if password.len() >= PASSWORD_SIZE {
            return Err(CryptError::TooLong);
        }
        // Allocated with the final size, because growing would leave a copy behind.
        let mut bytes = Vec::with_capacity(password.len() + 1);
        bytes.extend_from_slice(password);
        bytes.push(0);
        Ok(Secret(bytes))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        for byte in &mut self.0 {
            // SAFETY: a reference is valid for writes.
            unsafe { ptr::write_volatile(byte, 0) };
        }
        compiler_fence(Ordering::SeqCst);
    }
}

/// The hash of a NUL-terminated password; `None` if the setting is not valid.
fn crypt(password: &Secret, setting: &CStr) -> Option<Secret> {
    debug_assert_eq!(password.0.last(), Some(&0));
    // All zeros, as libcrypt requires for the first call.
    let mut data = Secret(vec![0; DATA_SIZE]);
    // SAFETY: both strings end with NUL (Secret::password adds it) and are only read. The buffer is writable and has
    // the size of struct crypt_data, whose alignment is that of a char.
    let output = unsafe {
        crypt_rn(password.0.as_ptr().cast(), setting.as_ptr(), data.0.as_mut_ptr().cast(), DATA_SIZE as c_int)
    };
    if output.is_null() {
        return None;
    }
    // SAFETY: a non-null result is a NUL-terminated string in the buffer, which is still alive.
    let output = unsafe { CStr::from_ptr(output) }.to_bytes();
    match output {
        [] | [b'*', ..] => None,
        output => Some(Secret(output.to_vec())),
    }
}

/// The scheme, cost and salt of a new hash.
fn new_setting(scheme: Scheme) -> Option<CString> {
    let mut buffer = [0_u8; SETTING_SIZE];
    // SAFETY: the prefix ends with NUL. Without random bytes, libcrypt gets them from the system. The buffer is writable
    // and has the given size.
    let output = unsafe {
        crypt_gensalt_rn(scheme.prefix().as_ptr(), 0, ptr::null(), 0, buffer.as_mut_ptr().cast(), SETTING_SIZE as c_int)
    };
    if output.is_null() {
        return None;
    }
    CStr::from_bytes_until_nul(&buffer).ok().map(CStr::to_owned)
}

/// Compares in a time that depends only on the lengths.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let difference = a.iter().zip(b).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_hashes_are_verified() {
        for (scheme, prefix) in [(Scheme::Yescrypt, "$y$"), (Scheme::Sha512, "$6$"), (Scheme::Sha256, "$5$")] {
            let hashed = hash(b"p\xc3\xa4ss word", scheme).unwrap();
            assert!(hashed.starts_with(prefix), "{hashed}");
            assert_eq!(verify(b"p\xc3\xa4ss word", &hashed), Ok(true));
            assert_eq!(verify(b"p\xc3\xa4ss wor", &hashed), Ok(false));
            assert_eq!(verify(b"", &hashed), Ok(false));
            assert_ne!(hash(b"p\xc3\xa4ss word", scheme).unwrap(), hashed);
        }
    }

    #[test]
    fn known_hashes_are_verified() {
        // From openssl passwd, which is an independent implementation.
        let sha256 = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";
        let sha512 = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFN\
                      jnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        for known in [sha256, sha512] {
            assert_eq!(verify(b"Hello world!", known), Ok(true));
            assert_eq!(verify(b"Hello world?", known), Ok(false));
        }
    }

    #[test]
    fn locked_and_empty_hashes_match_nothing() {
        let hashed = hash(b"x", Scheme::Sha512).unwrap();
        for stored in ["", "*", "!", "!!", "*0", "*1", "*LK*", &format!("!{hashed}")] {
            for password in [&b""[..], b"x", b"*", b"!", b"*0", b"*1"] {
                assert_eq!(verify(password, stored), Ok(false), "{stored}");
            }
        }
        assert_eq!(verify(b"x", "x"), Err(CryptError::UnknownScheme));
        assert_eq!(verify(b"x", "$none$x"), Err(CryptError::UnknownScheme));
        assert_eq!(verify(b"x", "$6$salt\0"), Err(CryptError::UnknownScheme));
        assert_eq!(verify(b"x", &hashed[..hashed.len() - 1]), Ok(false));
    }

    #[test]
    fn passwords_that_libcrypt_cannot_take_are_errors() {
        let hashed = hash(b"x", Scheme::Sha512).unwrap();
        assert_eq!(verify(b"x\0y", &hashed), Err(CryptError::NulByte));
        assert_eq!(verify(&[b'x'; 512], &hashed), Err(CryptError::TooLong));
        assert_eq!(verify(&[b'x'; 511], &hashed), Ok(false));
        assert_eq!(hash(b"\0", Scheme::Sha512), Err(CryptError::NulByte));
    }
}
