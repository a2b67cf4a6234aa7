//! No bytes panic the reader of a module's stamp; one that is read has an id,
//! and does not differ from itself.

#![no_main]

use gantry_api::stamp::Stamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(stamp) = Stamp::read(bytes) else { return };
    let _ = stamp.id();
    assert!(stamp.differences(&stamp).is_empty());
    let _ = stamp.differences(&Stamp::of_this_build());
    let _ = stamp.fields().count() + stamp.list("requires").count();
});
