//! What the kernel reports about a process: its memory and its processor time.

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// Memory in bytes.
#[derive(Debug, Default)]
pub struct MemoryUse {
    /// The proportional set size: a page that N processes share counts as 1/N of a page.
    pub proportional: u64,
    /// The touched pages of mapped files that exist only in memory.
    pub of_copies: u64,
}

/// The memory of a process.
pub fn held(pid: u32) -> Result<MemoryUse> {
    let path = PathBuf::from(format!("/proc/{pid}/smaps"));
    let text = fs::read_to_string(&path).map_err(Error::of(&path))?;
    let (mut held, mut is_copy) = (MemoryUse::default(), false);
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
        let bytes = || value.parse::<u64>().unwrap_or(0) * 1024;
        match name {
            "Pss:" => held.proportional += bytes(),
            "Rss:" if is_copy => held.of_copies += bytes(),
            "Anonymous:" if is_copy => held.of_copies = held.of_copies.saturating_sub(bytes()),
            // The first line of a mapping, with its addresses and, at the end, its file.
            _ if !name.ends_with(':') => is_copy = line.contains("/memfd:"),
            _ => (),
        }
    }
    if held.proportional == 0 { Err(Error::new(format!("{}: no Pss", path.display()))) } else { Ok(held) }
}

/// The processor time of all its threads, in nanoseconds.
pub fn ran(pid: u32) -> Result<u64> {
    let folder = PathBuf::from(format!("/proc/{pid}/task"));
    let mut sum = 0;
    for task in fs::read_dir(&folder).map_err(Error::of(&folder))? {
        // A thread may end meanwhile.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        sum += text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}
