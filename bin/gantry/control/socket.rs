//! Finds the daemon's socket: the one that is given, or this build's default.

use std::env;
use std::path::{Path, PathBuf};

/// The environment variable that names the socket, for gantryd too.
pub const VARIABLE: &str = "GANTRY_ControlsSocket";

/// The sockets to try, of which the first that exists counts; never empty.
pub fn candidates(given: Option<&Path>) -> Vec<PathBuf> {
    let named = || env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    chosen(given.map(Path::to_owned).or_else(named), option_env!("GANTRY_PREFIX"))
}

fn chosen(named: Option<PathBuf>, prefix: Option<&str>) -> Vec<PathBuf> {
    let installed = |prefix: &str| Path::new(prefix).join("var/run/gantryd.sock");
    match (named, prefix) {
        (Some(path), _) => vec![path],
        (None, Some(prefix)) => vec![installed(prefix)],
        // Not installed: first try the demonstration's folder.
        (None, None) => vec![PathBuf::from("./gantry-data/gantryd.sock"), installed("/usr/local")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_socket_is_the_only_one() {
        let chosen = |named: Option<&str>, prefix| chosen(named.map(PathBuf::from), prefix);
        assert_eq!(chosen(Some("/s"), Some("/opt")), [Path::new("/s")]);
        assert_eq!(chosen(None, Some("/opt")), [Path::new("/opt/var/run/gantryd.sock")]);
        let without = ["./gantry-data/gantryd.sock", "/usr/local/var/run/gantryd.sock"].map(Path::new);
        assert_eq!(chosen(None, None), without);
    }
}
