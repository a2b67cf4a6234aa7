//! How many sessions the limit on open files allows, whatever they do, with a reserve for the
//! daemon itself.

use std::fs::File;

/// The most descriptors that a session has open at once: its control connection, a listening socket
/// and a data connection, a file, two of a pipe, two of a listing, three pinned places, a root, and
/// two for its modules.
const OF_SESSION: u64 = 14;
/// The reserve for the daemon: logs, listening and control sockets, modules, databases, a reload.
const OF_DAEMON: u64 = 160;

/// The number of sessions for a limit on open files.
pub fn sessions(files: Option<u64>) -> usize {
    // Without a limit there is still a maximum.
    let files = files.unwrap_or(1 << 20);
    let room = files.saturating_sub(OF_DAEMON.min(files / 2)) / OF_SESSION;
    usize::try_from(room).unwrap_or(usize::MAX).max(1)
}

/// A descriptor kept in reserve, to be able to turn clients away when none is left.
#[derive(Debug)]
pub struct Spare(Option<File>);

impl Spare {
    /// Opens one.
    pub fn new() -> Self {
        Self(File::open("/dev/null").ok())
    }

    /// Frees the descriptor for the time of `act`.
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
