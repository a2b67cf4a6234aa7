//! A pattern and a name, both the client's: the work is within its budget, a literal
//! pattern matches itself alone, and paths are normal after one pass.

#![no_main]

use gantry_api::proto::glob::{Budget, is_pattern, matches};
use gantry_sys::root::normalize;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (pattern, name) = input;
    let mut budget = Budget::new(100_000);
    let found = matches(pattern, name, &mut budget);
    if !is_pattern(pattern) && !pattern.contains(&b'\\') && let Ok(found) = found {
        assert_eq!(found, pattern == name);
    }
    let path = normalize(name);
    assert!(path.starts_with(b"/") && normalize(&path) == path);
    assert!(!path.split(|byte| *byte == b'/').any(|part| matches!(part, b"." | b"..")));
});
