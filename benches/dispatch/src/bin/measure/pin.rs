//! Keeps this process and its children on one processor: client and server then take turns, and no
//! time is spent on waking another processor.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::error::Result;

/// Pins the process to the last processor that it may use.
pub fn to_one_processor() -> Result<()> {
    let may = sched_getaffinity(None).map_err(std::io::Error::from)?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| may.is_set(*cpu)).unwrap_or(0);
    let mut one = CpuSet::new();
    one.set(last);
    Ok(sched_setaffinity(None, &one).map_err(std::io::Error::from)?)
}
