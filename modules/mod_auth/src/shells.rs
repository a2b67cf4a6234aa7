//! RequireValidShell: the shells listed in /etc/shells (shells(5)).

use std::fs;

/// Whether an account with this shell may log in.
pub(crate) fn is_valid(shell: &str) -> bool {
    match fs::read_to_string("/etc/shells") {
        Ok(shells) => stands_in(&shells, shell),
        // Like ProFTPD: without the file, every shell is valid.
        Err(_) => true,
    }
}

fn stands_in(shells: &str, shell: &str) -> bool {
    let mut lines = shells.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    !shell.is_empty() && lines.any(|line| line == shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_no_shells() {
        let shells = "# /etc/shells\n\n/bin/sh\n  /bin/bash # the usual\n";
        assert!(stands_in(shells, "/bin/sh") && stands_in(shells, "/bin/bash"));
        for bad in ["", "#", "/bin/false", "# /etc/shells", "/bin/s"] {
            assert!(!stands_in(shells, bad), "{bad}");
        }
    }
}
