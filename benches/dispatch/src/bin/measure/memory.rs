//! What the kernel says of a process: its memory, and how long it ran.

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// In bytes.
#[derive(Debug, Default)]
pub struct Held {
    /// The proportional set size: each page shared by so many counts as one part of
    /// so many.
    pub proportional: u64,
    /// What is mapped, and has been touched, of files that are in memory alone.
    pub of_copies: u64,
}

/// What a process holds.
pub fn held(pid: u32) -> Result<Held> {
    let path = PathBuf::from(format!("/proc/{pid}/smaps"));
    let text = fs::read_to_string(&path).map_err(Error::of(&path))?;
    let (mut held, mut is_copy) = (Held::default(), false);
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
        let bytes = || value.parse::<u64>().unwrap_or(0) * 1024;
        match name {
            "Pss:" => held.proportional += bytes(),
            "Rss:" if is_copy => held.of_copies += bytes(),
            "Anonymous:" if is_copy => held.of_copies = held.of_copies.saturating_sub(bytes()),
            // The line that opens a mapping: its addresses, and its file at last.
            _ if !name.ends_with(':') => is_copy = line.contains("/memfd:"),
            _ => (),
        }
    }
    if held.proportional == 0 { Err(Error::new(format!("{}: no Pss", path.display()))) } else { Ok(held) }
}

/// The time that all its threads have been on a processor, in nanoseconds.
pub fn ran(pid: u32) -> Result<u64> {
    let folder = PathBuf::from(format!("/proc/{pid}/task"));
    let mut sum = 0;
    for task in fs::read_dir(&folder).map_err(Error::of(&folder))? {
        // A thread may end while we look.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        sum += text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}
