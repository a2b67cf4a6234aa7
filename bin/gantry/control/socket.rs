//! Finds the daemon's socket: the one that is given, or this build's default.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rustix::process::geteuid;

/// The environment variable that names the socket, for gantryd too.
pub const VARIABLE: &str = "GANTRY_ControlsSocket";

/// The sockets to try, of which the first that exists counts; never empty.
pub fn candidates(given: Option<&Path>) -> Vec<PathBuf> {
    let named = || env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let is_own = || fs::symlink_metadata(DEMONSTRATION).is_ok_and(|folder| folder.uid() == geteuid().as_raw());
    chosen(given.map(Path::to_owned).or_else(named), option_env!("GANTRY_PREFIX"), is_own)
}

/// The demonstration's folder, if it is the caller's: somebody else's socket could answer anything.
const DEMONSTRATION: &str = "./gantry-data";

fn chosen(named: Option<PathBuf>, prefix: Option<&str>, is_own: impl FnOnce() -> bool) -> Vec<PathBuf> {
    let installed = |prefix: &str| Path::new(prefix).join("var/run/gantryd.sock");
    match (named, prefix) {
        (Some(path), _) => vec![path],
        (None, Some(prefix)) => vec![installed(prefix)],
        // Not installed: first try the demonstration's folder.
        (None, None) if is_own() => vec![Path::new(DEMONSTRATION).join("gantryd.sock"), installed("/usr/local")],
        (None, None) => vec![installed("/usr/local")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_socket_is_the_only_one() {
        let chosen = |named: Option<&str>, prefix| chosen(named.map(PathBuf::from), prefix, || true);
        assert_eq!(chosen(Some("/s"), Some("/opt")), [Path::new("/s")]);
        assert_eq!(chosen(None, Some("/opt")), [Path::new("/opt/var/run/gantryd.sock")]);
        let without = ["./gantry-data/gantryd.sock", "/usr/local/var/run/gantryd.sock"].map(Path::new);
        assert_eq!(chosen(None, None), without);
        assert_eq!(super::chosen(None, None, || false), without[1..], "somebody else's demonstration");
    }
}
