//! What the kernel says of a process: its memory, and how long it ran.

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// Proportional set size, in bytes.
pub fn proportional(pid: u32) -> Result<u64> {
    let path = PathBuf::from(format!("/proc/{pid}/smaps_rollup"));
    let text = fs::read_to_string(&path).map_err(Error::of(&path))?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok());
    let kilobytes: u64 = kilobytes.ok_or_else(|| Error::new(format!("{}: no Pss", path.display())))?;
    Ok(kilobytes * 1024)
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
