//! The amounts of data in the tests: small by default, large with `tests/run --full`.

use std::env;

/// Whether `GANTRY_TEST_FULL` asks for everything.
pub fn is_wanted() -> bool {
    env::var_os("GANTRY_TEST_FULL").is_some_and(|value| value != "0")
}

/// One of two amounts: the usual one, or the full one.
pub fn or<T>(usual: T, full: T) -> T {
    if is_wanted() { full } else { usual }
}

/// The size of a large file in bytes: 64 MiB, or 1 GiB.
pub fn large_file() -> u64 {
    or(64 << 20, 1 << 30)
}

/// The number of files in a tree of many small ones: 1,000, or 10,000.
pub fn many_files() -> usize {
    or(1_000, 10_000)
}
