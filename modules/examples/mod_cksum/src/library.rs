//! The C library behind safe functions. This is the module's only file with unsafe code.
// A C library cannot be called in any other way.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_uchar};
use std::ptr::NonNull;

/// The library's state of one sum; its contents are private to C.
#[repr(C)]
struct Opaque {
    _nothing: [u8; 0],
}

unsafe extern "C" {
    fn mod_cksum_new() -> *mut Opaque;
    fn mod_cksum_update(sum: *mut Opaque, bytes: *const c_uchar, count: usize);
    fn mod_cksum_value(sum: *const Opaque) -> u32;
    fn mod_cksum_free(sum: *mut Opaque);
    fn mod_cksum_version() -> *const c_char;
}

/// A sum being computed.
#[derive(Debug)]
pub struct Sum(NonNull<Opaque>);

// SAFETY: the state is memory from malloc that nothing else points to, and the library
// keeps no per-thread state.
unsafe impl Send for Sum {}
// SAFETY: a shared reference only reads it.
unsafe impl Sync for Sum {}

impl Sum {
    /// Starts a sum; `None` if there is no memory.
    pub fn new() -> Option<Self> {
        // SAFETY: it takes no arguments; the result is ours until `drop`, or null.
        NonNull::new(unsafe { mod_cksum_new() }).map(Self)
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        // SAFETY: the state is alive, and &mut makes us its only user; the slice is
        // readable for its length, and C keeps no pointer.
        unsafe { mod_cksum_update(self.0.as_ptr(), bytes.as_ptr(), bytes.len()) }
    }

    /// The sum of all bytes so far.
    pub fn value(&self) -> u32 {
        // SAFETY: the state is alive and only read.
        unsafe { mod_cksum_value(self.0.as_ptr()) }
    }
}

impl Drop for Sum {
    fn drop(&mut self) {
        // SAFETY: the state came from `mod_cksum_new`, and nothing uses it afterwards.
        unsafe { mod_cksum_free(self.0.as_ptr()) }
    }
}

/// The library's version.
pub fn version() -> String {
    // SAFETY: the library returns a NUL-terminated string that lives as long as the
    // library; it is copied at once.
    unsafe { CStr::from_ptr(mod_cksum_version()) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_cksum() {
        let sum = |parts: &[&[u8]]| {
            let mut sum = Sum::new().unwrap();
            parts.iter().for_each(|part| sum.update(part));
            sum.value()
        };
        // `printf 123456789 | cksum`, and cksum of nothing.
        assert_eq!(sum(&[b"123456789"]), 930_766_865);
        assert_eq!(sum(&[b"1234", b"", b"56789"]), 930_766_865);
        assert_eq!(sum(&[]), 4_294_967_295);
        assert!(!version().is_empty());
    }
}
