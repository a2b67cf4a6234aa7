//! What clients give as arguments: addresses, options of listings, facts and times.
//! What is read and written again is the same.

#![no_main]

use gantry_api::proto::listing::{Facts, ListOptions};
use gantry_api::proto::{address, time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(found) = address::parse_port(bytes) {
        assert_eq!(address::parse_port(address::format_port(found).as_bytes()), Ok(found));
    }
    if let Ok(found) = address::parse_eprt(bytes) {
        assert_eq!(address::parse_eprt(address::format_eprt(found).as_bytes()), Ok(found));
    }
    let _ = address::parse_epsv(bytes);
    let (_, rest) = ListOptions::parse(bytes);
    assert!(bytes.ends_with(rest));
    let facts = Facts::parse(bytes);
    assert!(facts.feature().len() < 200);
    if let Ok(seconds) = time::parse(bytes) {
        assert_eq!(time::parse(time::format(seconds).as_bytes()), Ok(seconds));
    }
});
