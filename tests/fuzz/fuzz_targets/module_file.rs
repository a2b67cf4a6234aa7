//! No bytes panic what looks into a module's file before it is loaded: the
//! reading of the ELF file, of its stamp and of its list of directives.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = gantry_loader::inspect_bytes(Path::new("/mod_f.so"), bytes) {
        assert!(!error.to_string().is_empty());
    }
});
