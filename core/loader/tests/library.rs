//! Libraries for LoadFile. This test has its own process, because their symbols become
//! global.
#![allow(unsafe_code)]

#[allow(dead_code)] // The other tests use the rest of it.
mod fixture;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fixture::Build;
use gantry_loader::{Library, Loader, Trust};

const SYMBOL: &[u8] = b"gantry_image_mod_fixture";

fn is_global() -> bool {
    let process = libloading::os::unix::Library::this();
    // SAFETY: the address is looked up, and not used.
    unsafe { process.get::<fn()>(SYMBOL) }.is_ok()
}

#[test]
fn a_library_is_loaded_for_all_and_for_good() {
    let fixture = Build::Plain.unmarked("library.so");
    let loader = Loader::with_trust(Trust::Lenient);
    let refused = |path: &Path, words: &[&str]| {
        let error = loader.load_library(path).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{word:?} is not in: {error}");
        }
        assert!(!fixture.mark.exists(), "its constructor ran: {error}");
    };
    let folder = fixture.file.parent().unwrap();
    refused(&folder.join("none.so"), &["none.so", "No such file"]);
    refused(folder, &["this is a folder"]);
    refused(Path::new("/dev/null"), &["this is a device"]);
    let whole = fs::read(&fixture.file).unwrap();
    fs::write(&fixture.file, &whole[..whole.len() / 2]).unwrap();
    refused(&fixture.file, &["cut short"]);
    fs::write(&fixture.file, &whole).unwrap();
    fs::set_permissions(&fixture.file, Permissions::from_mode(0o666)).unwrap();
    refused(&fixture.file, &["can be changed by others"]);
    fs::set_permissions(&fixture.file, Permissions::from_mode(0o644)).unwrap();
    fixture.replace(b"libc.so.6\0", b"libq.so.6\0");
    refused(&fixture.file, &["libq.so.6", "/usr/lib", "ld.so.conf"]);
    fs::write(&fixture.file, &whole).unwrap();

    assert!(!is_global());
    assert_eq!(loader.load_library(&fixture.file).unwrap(), Library::Loaded);
    assert!(fixture.mark.exists());
    assert!(is_global());
    assert_eq!(loader.load_library(&fixture.file).unwrap(), Library::Already);
    // Renamed over it, as administrators' tools do: the mapped file stays complete.
    let other = folder.join("other");
    fs::write(&other, b"another file").unwrap();
    fs::rename(&other, &fixture.file).unwrap();
    assert_eq!(loader.load_library(&fixture.file).unwrap(), Library::Outdated);
    drop(loader);
    assert!(is_global());
}
