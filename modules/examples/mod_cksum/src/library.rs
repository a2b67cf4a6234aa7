//! The C library behind safe functions: the one file of this module with unsafe
//! code.
// A library of C's cannot be called in another way.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_uchar};
use std::ptr::NonNull;

/// The library's state of one sum; only C knows what is in it.
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

/// One sum in the making.
#[derive(Debug)]
pub struct Sum(NonNull<Opaque>);

// SAFETY: the state is memory of malloc's that nothing else points to; the library
// keeps nothing by thread.
unsafe impl Send for Sum {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Sum {}

impl Sum {
    /// A sum of nothing so far; none where there is no memory.
    pub fn new() -> Option<Self> {
        // SAFETY: takes nothing; what it returns is ours until `drop`, or null.
        NonNull::new(unsafe { mod_cksum_new() }).map(Self)
    }

    /// Takes in the bytes that follow.
    pub fn update(&mut self, bytes: &[u8]) {
        // SAFETY: the state is alive and, by &mut, used by nobody else; the slice is
        // readable for its length, and no pointer is kept.
        unsafe { mod_cksum_update(self.0.as_ptr(), bytes.as_ptr(), bytes.len()) }
    }

    /// The sum of all bytes so far.
    pub fn value(&self) -> u32 {
        // SAFETY: the state is alive, and only read.
        unsafe { mod_cksum_value(self.0.as_ptr()) }
    }
}

impl Drop for Sum {
    fn drop(&mut self) {
        // SAFETY: the state came from `mod_cksum_new`, and nothing uses it from here on.
        unsafe { mod_cksum_free(self.0.as_ptr()) }
    }
}

/// The library's version.
pub fn version() -> String {
    // SAFETY: the library answers with a string that ends with NUL and is there for as
    // long as the library; it is copied at once.
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
        // `printf 123456789 | cksum`, and of nothing.
        assert_eq!(sum(&[b"123456789"]), 930_766_865);
        assert_eq!(sum(&[b"1234", b"", b"56789"]), 930_766_865);
        assert_eq!(sum(&[]), 4_294_967_295);
        assert!(!version().is_empty());
    }
}
