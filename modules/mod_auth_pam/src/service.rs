//! PAM's services: files in /etc/pam.d.

use std::path::Path;

/// ProFTPD's default, and the service that Debian's ProFTPD package installs.
const NAMES: [&str; 2] = ["ftp", "proftpd"];

/// The service without AuthPAMConfig: `ftp`, or `proftpd` if only that one has a file.
pub(crate) fn default() -> &'static str {
    let [usual, debians] = NAMES;
    if !is_there(usual) && is_there(debians) { debians } else { usual }
}

/// What happens if a service has no file.
pub(crate) fn missing(service: &str) -> String {
    format!("there is no /etc/pam.d/{service}: PAM uses its service 'other', which usually lets nobody in")
}

/// Whether a service has a file. If there is no folder for them, /etc/pam.conf may have its lines.
pub(crate) fn is_there(name: &str) -> bool {
    let folders = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"].map(Path::new);
    folders.iter().any(|folder| folder.join(name).is_file()) || !folders.iter().any(|folder| folder.is_dir())
}
