//! Which socket the daemon listens at: the one that is named, or the one where
//! this build's daemon has it by default.

use std::env;
use std::path::{Path, PathBuf};

/// The variable by which gantryd, too, takes another socket.
pub const VARIABLE: &str = "GANTRY_ControlsSocket";

/// The sockets to try, the first that is there counts; never none.
pub fn candidates(given: Option<&Path>) -> Vec<PathBuf> {
    let named = || env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    chosen(given.map(Path::to_owned).or_else(named), option_env!("GANTRY_PREFIX"))
}

fn chosen(named: Option<PathBuf>, prefix: Option<&str>) -> Vec<PathBuf> {
    let installed = |prefix: &str| Path::new(prefix).join("var/run/gantryd.sock");
    match (named, prefix) {
        (Some(path), _) => vec![path],
        (None, Some(prefix)) => vec![installed(prefix)],
        // Not installed: the demonstration keeps all its files there.
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
