//! RequireValidShell: the shells listed in /etc/shells (shells(5)).

use std::fs;

use crate::ftpusers::is_in;

/// Whether an account with this shell may log in.
pub(crate) fn is_valid(shell: &str) -> bool {
    match fs::read_to_string("/etc/shells") {
        Ok(shells) => is_listed(&shells, shell),
        // Like ProFTPD: without the file, every shell is valid.
        Err(_) => true,
    }
}

/// An empty line is not a shell.
fn is_listed(shells: &str, shell: &str) -> bool {
    !shell.is_empty() && is_in(shells, shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_no_shells() {
        let shells = "# /etc/shells\n\n/bin/sh\n  /bin/bash # the usual\n";
        assert!(is_listed(shells, "/bin/sh") && is_listed(shells, "/bin/bash"));
        for bad in ["", "#", "/bin/false", "# /etc/shells", "/bin/s"] {
            assert!(!is_listed(shells, bad), "{bad}");
        }
    }
}
