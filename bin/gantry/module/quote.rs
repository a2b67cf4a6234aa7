//! Quotes paths in suggested commands, so that a shell reads each as one word.

use std::fmt;
use std::path::Path;

/// A path as one word of a shell.
pub struct ShellWord<'a>(pub &'a Path);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        let plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%=".contains(letter);
        match !text.is_empty() && text.chars().all(plain) {
            true => out.write_str(&text),
            false => write!(out, "'{}'", text.replace('\'', "'\\''")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_quoted_path_unchanged() {
        for (path, word) in [
            ("mod_x", "mod_x"),
            ("/srv/a-b/c.d", "/srv/a-b/c.d"),
            ("my modules", "'my modules'"),
            ("$HOME", "'$HOME'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(ShellWord(Path::new(path)).to_string(), word);
        }
    }
}
