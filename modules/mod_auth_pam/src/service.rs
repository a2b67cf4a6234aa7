//! PAM's services: files in /etc/pam.d.

use std::path::Path;

use gantry_api::log;

/// ProFTPD's default, and what Debian's packages of it install.
const NAMES: [&str; 2] = ["ftp", "proftpd"];

/// The service where no AuthPAMConfig names one: `ftp`, or `proftpd` where only that one has a file.
pub(crate) fn default() -> &'static str {
    let [usual, debians] = NAMES;
    NAMES.into_iter().find(|name| is_there(name)).map_or(usual, |name| if name == usual { usual } else { debians })
}

/// Tells of a service that has no file.
pub(crate) fn look_at(service: &str) {
    if !is_there(service) && !Path::new("/etc/pam.conf").exists() {
        log!(
            Warn,
            "there is no /etc/pam.d/{service}: PAM judges by its service 'other', which as a rule lets nobody in"
        );
    }
}

fn is_there(name: &str) -> bool {
    ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"].iter().any(|folder| Path::new(folder).join(name).is_file())
}
