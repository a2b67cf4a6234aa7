//! Keeps this process, and those that it starts, on one processor: client and
//! server then take turns, and no time goes into waking the other processor.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::error::Result;

/// Stays on the last of the processors that it may run on.
pub fn to_one_processor() -> Result<()> {
    let may = sched_getaffinity(None).map_err(std::io::Error::from)?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| may.is_set(*cpu)).unwrap_or(0);
    let mut one = CpuSet::new();
    one.set(last);
    Ok(sched_setaffinity(None, &one).map_err(std::io::Error::from)?)
}
