//! A line that comes over the control socket: it is a question or refused, and a
//! question that is written again is the same.

#![no_main]

use gantry_server::operators::frame::Question;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(question) = serde_json::from_slice::<Question>(bytes) else { return };
    let line = serde_json::to_vec(&question).expect("a question can be written");
    assert!(!line.contains(&b'\n'));
    assert_eq!(serde_json::from_slice::<Question>(&line).ok(), Some(question));
});
