//! The folders in which the system's loader looks for libraries, for messages.
#![allow(unsafe_code)]

use std::path::PathBuf;

/// The folders in order; empty if the C library cannot list them. It does not include
/// those in /etc/ld.so.conf, which ldconfig puts into a cache.
#[cfg(target_env = "gnu")]
pub(crate) fn folders() -> Vec<PathBuf> {
    use std::ffi::{CStr, OsStr, c_char, c_uint, c_void};
    use std::os::unix::ffi::OsStrExt;
    use std::ptr;

    use libloading::os::unix::Library;

    /// The head of `Dl_serinfo` in dlfcn.h; `Path`s follow it.
    #[repr(C)]
    struct Head {
        size: usize,
        count: c_uint,
        paths: [Path; 0],
    }
    /// `Dl_serpath` in dlfcn.h.
    #[repr(C)]
    struct Path {
        name: *const c_char,
        flags: c_uint,
    }

    let program = Library::this().into_raw();
    let mut head = Head { size: 0, count: 0, paths: [] };
    // SAFETY: `program` is a valid handle, and this request only writes a head.
    if unsafe { libc::dlinfo(program, libc::RTLD_DI_SERINFOSIZE, (&raw mut head).cast()) } != 0 {
        return Vec::new();
    }
    // A vector of words, so that both structs are aligned in it.
    let mut room: Vec<usize> = vec![0; head.size.div_ceil(size_of::<usize>()).max(size_of::<Head>())];
    let info: *mut c_void = room.as_mut_ptr().cast();
    // SAFETY: the room is at least as large as the C library requested, and the head
    // in it says so.
    let filled = unsafe {
        ptr::write(info.cast(), head);
        libc::dlinfo(program, libc::RTLD_DI_SERINFO, info) == 0
    };
    if !filled {
        return Vec::new();
    }
    // SAFETY: the head says how many paths follow it in the room, and each name is a
    // string that the C library wrote into the same room.
    unsafe {
        let head: *mut Head = info.cast();
        let paths = std::slice::from_raw_parts((&raw const (*head).paths).cast::<Path>(), (*head).count as usize);
        let name = |path: &Path| PathBuf::from(OsStr::from_bytes(CStr::from_ptr(path.name).to_bytes()));
        paths.iter().filter(|path| !path.name.is_null()).map(name).collect()
    }
}

/// Only GNU's C library can list them.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn folders() -> Vec<PathBuf> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_env = "gnu")]
    fn the_system_lists_its_folders() {
        let folders = super::folders();
        assert!(
            folders.iter().any(|folder| folder.starts_with("/lib") || folder.starts_with("/usr/lib")),
            "{folders:?}"
        );
    }
}
