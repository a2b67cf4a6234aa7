//! Where the system's loader looks for libraries, for messages.
#![allow(unsafe_code)]

use std::path::PathBuf;

/// The folders, in order; none where the C library does not tell. What
/// /etc/ld.so.conf names is not among them: ldconfig puts it into a cache.
#[cfg(target_env = "gnu")]
pub(crate) fn folders() -> Vec<PathBuf> {
    use std::ffi::{CStr, OsStr, c_char, c_uint, c_void};
    use std::os::unix::ffi::OsStrExt;
    use std::ptr;

    use libloading::os::unix::Library;

    /// The head of dlfcn.h's `Dl_serinfo`; `Path`s follow it.
    #[repr(C)]
    struct Head {
        size: usize,
        count: c_uint,
        paths: [Path; 0],
    }
    /// Its `Dl_serpath`.
    #[repr(C)]
    struct Path {
        name: *const c_char,
        flags: c_uint,
    }

    let program = Library::this().into_raw();
    let mut head = Head { size: 0, count: 0, paths: [] };
    // SAFETY: `program` is a handle, and this request writes a head alone.
    if unsafe { libc::dlinfo(program, libc::RTLD_DI_SERINFOSIZE, (&raw mut head).cast()) } != 0 {
        return Vec::new();
    }
    // Of words, so that both structs are aligned in it.
    let mut room: Vec<usize> = vec![0; head.size.div_ceil(size_of::<usize>()).max(size_of::<Head>())];
    let info: *mut c_void = room.as_mut_ptr().cast();
    // SAFETY: the room is at least as large as the C library asked for, which
    // the size in its head tells it.
    let filled = unsafe {
        ptr::write(info.cast(), head);
        libc::dlinfo(program, libc::RTLD_DI_SERINFO, info) == 0
    };
    if !filled {
        return Vec::new();
    }
    // SAFETY: the head says how many paths follow it in the room; each name is
    // a string that the C library wrote into the same room.
    unsafe {
        let head: *mut Head = info.cast();
        let paths = std::slice::from_raw_parts((&raw const (*head).paths).cast::<Path>(), (*head).count as usize);
        let name = |path: &Path| PathBuf::from(OsStr::from_bytes(CStr::from_ptr(path.name).to_bytes()));
        paths.iter().filter(|path| !path.name.is_null()).map(name).collect()
    }
}

/// Another C library than GNU's does not tell.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn folders() -> Vec<PathBuf> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_env = "gnu")]
    fn the_system_names_its_folders() {
        let folders = super::folders();
        assert!(
            folders.iter().any(|folder| folder.starts_with("/lib") || folder.starts_with("/usr/lib")),
            "{folders:?}"
        );
    }
}
