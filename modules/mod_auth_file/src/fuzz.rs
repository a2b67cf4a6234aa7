//! The way in of the fuzz target.

use crate::entries;

/// Reads bytes as both kinds of files.
///
/// # Panics
/// If a warning names no line of the text.
pub fn read(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    let (_, of_users) = entries::users(bytes);
    let (_, of_groups) = entries::groups(bytes);
    for warning in of_users.iter().chain(&of_groups) {
        assert!((1..=lines).contains(&warning.line), "{warning:?}");
    }
}
