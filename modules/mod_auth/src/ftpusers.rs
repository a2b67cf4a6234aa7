//! UseFtpUsers: the users that /etc/ftpusers refuses (ftpusers(5)).

use std::fs;
use std::io::ErrorKind;

use gantry_api::log;

const FILE: &str = "/etc/ftpusers";

/// Whether the file contains the user. A file that cannot be read refuses everybody.
pub(crate) fn names(user: &str) -> bool {
    match fs::read(FILE) {
        Ok(text) => is_in(&String::from_utf8_lossy(&text), user),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => false,
        Err(error) => {
            log!(Error, "cannot read {FILE}, so nobody may log in: {error}");
            true
        }
    }
}

/// Whether a text contains this name on its own line. Comments begin with `#`.
pub(crate) fn is_in(text: &str, name: &str) -> bool {
    text.lines().any(|line| line.split('#').next().unwrap_or_default().trim() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_no_users() {
        let text = "# /etc/ftpusers\nroot\n  daemon # system\n\n#ann\n";
        assert!(is_in(text, "root") && is_in(text, "daemon"));
        assert!(["ann", "#ann", "# /etc/ftpusers", "roo", "system"].iter().all(|name| !is_in(text, name)));
    }
}
