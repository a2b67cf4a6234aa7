//! What signals do to a process that has no use for most of them.

/// Those by which terminals and service managers end a whole group of processes.
const ENDINGS: [libc::c_int; 5] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGPIPE];

/// Ignores the signals that end a group of processes, and SIGPIPE. Programs that the process starts inherit this; see
/// [`restore`].
pub fn ignore_endings() {
    set(libc::SIG_IGN);
}

/// Gives these signals their usual effect again.
pub fn restore() {
    set(libc::SIG_DFL);
}

fn set(action: libc::sighandler_t) {
    for signal in ENDINGS {
        // SAFETY: the numbers are signals, and neither action runs code of this process.
        unsafe { libc::signal(signal, action) };
    }
}
