//! Files of users and groups, in the format of passwd(5) and group(5): whatever is in
//! them, each line is an entry or warned of, and no warning repeats a hash.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mod_auth_file::fuzz::read(bytes));
