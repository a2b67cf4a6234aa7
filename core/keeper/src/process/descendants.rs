//! Finds the processes that a process has started, by the parents in /proc. PAM modules may start
//! programs in their own sessions, which a signal to the process group does not reach.

use std::fs::{self, DirEntry};

use rustix::process::{Pid, Signal, kill_process};

/// The maximum number of processes that are looked for.
const MOST: usize = 256;

/// Stops the process and ends what it has started. Its parent ends the process itself.
pub(super) fn end(process: Pid) {
    let mut found = vec![process];
    let mut at = 0;
    // Each is stopped before its children are looked for, so that it starts no more, and stays their parent.
    while let Some(parent) = found.get(at).copied().filter(|_| at < MOST) {
        let _ = kill_process(parent, Signal::STOP);
        found.extend(children(parent));
        at += 1;
    }
    for descendant in found.into_iter().skip(1) {
        let _ = kill_process(descendant, Signal::KILL);
    }
}

fn children(parent: Pid) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let child = |entry: DirEntry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok().filter(|pid| *pid > 0)?)?;
        let stat = fs::read(entry.path().join("stat")).ok()?;
        (parent_in(&stat)? == parent.as_raw_pid()).then_some(pid)
    };
    processes.filter_map(|entry| child(entry.ok()?)).collect()
}

/// The parent in a line of /proc/PID/stat: the second field after the program's name, which may contain anything.
fn parent_in(stat: &[u8]) -> Option<i32> {
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(stat.get(name_ends + 1..)?).ok()?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_deceives_nobody() {
        assert_eq!(parent_in(b"12 (sleep) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in(b"12 (a) S 1 (b) R 7 12"), Some(7));
        assert!(
            [&b""[..], b"12 sleep S 7", b"12 (x)", b"12 (x) S", b"12 (x) S y"]
                .iter()
                .all(|stat| parent_in(stat).is_none())
        );
    }

    #[test]
    fn this_process_is_its_parents_child() {
        let parent = rustix::process::getppid().unwrap();
        assert!(children(parent).contains(&rustix::process::getpid()));
    }
}
