//! Paths of files: compiled in by the install step, or next to the executable in
//! cargo's folder.

use std::path::{Path, PathBuf};

use crate::name::Name;

/// The prefix that the install step compiled in.
pub const PREFIX: Option<&str> = option_env!("GANTRY_PREFIX");
/// The module folder that the install step compiled in.
pub const LIBEXECDIR: Option<&str> = option_env!("GANTRY_LIBEXECDIR");
/// The configuration folder that the install step compiled in.
pub const SYSCONFDIR: Option<&str> = option_env!("GANTRY_SYSCONFDIR");

/// The configuration that is read without `-c`. Under ProFTPD's name this is
/// `proftpd.conf` in the same folder, if it exists.
pub fn configuration(name: Name) -> PathBuf {
    let folder = Path::new(SYSCONFDIR.unwrap_or("/usr/local/etc"));
    let theirs = folder.join("proftpd.conf");
    if name == Name::Proftpd && theirs.exists() { theirs } else { folder.join("gantry.conf") }
}

/// The PidFile of a daemon in the background whose configuration names none.
pub fn pid_file() -> PathBuf {
    Path::new(PREFIX.unwrap_or("/usr/local")).join("var/proftpd.pid")
}

/// The control socket if the configuration enables it without naming its path.
pub fn control_socket() -> PathBuf {
    Path::new(PREFIX.unwrap_or("/usr/local")).join("var/run/gantryd.sock")
}

/// The folders in which LoadModule looks without ModulePath.
pub fn modules() -> Vec<PathBuf> {
    match LIBEXECDIR {
        Some(folder) => vec![folder.into()],
        None => cargo_folder().map(|folder| folder.join("deps")).into_iter().collect(),
    }
}

/// Cargo's folder with this executable, if it is not installed.
pub fn cargo_folder() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let folder = executable.parent()?;
    let built_here = PREFIX.is_none() && folder.join("deps").is_dir() && folder.join(".fingerprint").is_dir();
    built_here.then(|| folder.to_owned())
}
