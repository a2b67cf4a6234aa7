//! What the kernel says of a process and all that descend from it.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use crate::error::{Error, Result};

/// What is read of /proc/PID/stat.
struct Process {
    id: u32,
    parent: u32,
    /// In ticks: its own threads, those that have ended too, and its children that
    /// have ended.
    ran: u64,
}

/// The processes that descend from `root`, itself included.
pub fn members(root: u32) -> Result<Vec<u32>> {
    Ok(tree(root)?.into_iter().map(|process| process.id).collect())
}

/// How long they have been on a processor, those that have ended included. The
/// kernel tells it to a tick (10 ms) for each process.
pub fn ran(root: u32) -> Result<Duration> {
    let ticks: u64 = tree(root)?.iter().map(|process| process.ran).sum();
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Their memory in bytes, each page shared by so many counted as one part of so
/// many (proportional set size).
pub fn held(root: u32) -> Result<u64> {
    let mut sum = 0;
    for process in members(root)? {
        // One may end meanwhile.
        let Ok(text) = fs::read_to_string(format!("/proc/{process}/smaps_rollup")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse::<u64>().ok());
        sum += kibibytes.unwrap_or(0) * 1024;
    }
    Ok(sum)
}

fn tree(root: u32) -> Result<Vec<Process>> {
    let entries = fs::read_dir("/proc").map_err(Error::system("read /proc"))?;
    let all: Vec<Process> = entries.filter_map(|entry| process(entry.ok()?.file_name().to_str()?)).collect();
    let mut known = HashSet::from([root]);
    // Each pass adds a generation.
    loop {
        let before = known.len();
        known.extend(
            all.iter().filter(|process| known.contains(&process.parent)).map(|process| process.id).collect::<Vec<_>>(),
        );
        if known.len() == before {
            break;
        }
    }
    Ok(all.into_iter().filter(|process| known.contains(&process.id)).collect())
}

fn process(name: &str) -> Option<Process> {
    let id = name.parse().ok()?;
    let text = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
    // The name, in brackets, may contain anything.
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let parent = u32::try_from(number(1)?).ok()?;
    let ran = number(11)? + number(12)? + number(13)? + number(14)?;
    Some(Process { id, parent, ran })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_belongs_to_the_tree_until_it_has_been_waited_for() {
        let own = std::process::id();
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        assert!(members(own).unwrap().contains(&child.id()));
        child.stdin.take();
        child.wait().unwrap();
        assert!(!members(own).unwrap().contains(&child.id()));
        assert!(held(own).unwrap() > 0);
    }
}
