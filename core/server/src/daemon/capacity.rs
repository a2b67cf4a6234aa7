//! How many sessions there may be: as many as there are descriptors for, whatever they
//! do. What the daemon itself needs is kept back.

use std::fs::File;

/// The most descriptors that a session has open at once: its control connection, a
/// listening socket and a data connection, a file, two of a pipe, two of a listing, three
/// places that are pinned, a root, and two of its modules'.
const OF_SESSION: u64 = 14;
/// What the daemon keeps back: logs, listening and control sockets, modules, databases, a
/// reload.
const OF_DAEMON: u64 = 160;

/// How many sessions have room where so many files may be open.
pub fn sessions(files: Option<u64>) -> usize {
    // Without a limit there is still an end.
    let files = files.unwrap_or(1 << 20);
    let room = files.saturating_sub(OF_DAEMON.min(files / 2)) / OF_SESSION;
    usize::try_from(room).unwrap_or(usize::MAX).max(1)
}

/// A descriptor that is kept back, to be able to turn clients away where there is none left.
#[derive(Debug)]
pub struct Spare(Option<File>);

impl Spare {
    /// Takes one.
    pub fn new() -> Self {
        Self(File::open("/dev/null").ok())
    }

    /// Does something with its room.
    pub async fn lend(&mut self, act: impl Future<Output = ()>) {
        drop(self.0.take());
        act.await;
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_keeps_some_descriptors_back() {
        for files in [256, 1024, 4096, 65_536] {
            let needed = u64::try_from(sessions(Some(files))).unwrap() * OF_SESSION;
            assert!(needed + OF_DAEMON.min(files / 2) <= files, "{files}");
        }
        assert_eq!((sessions(Some(0)), sessions(Some(1024))), (1, 61));
        assert!(sessions(None) > 10_000);
    }
}
