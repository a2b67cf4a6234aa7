//! Makes bytes from a client safe to show to people.

use std::fmt;

/// Shows bytes in one line of a log. Text stays unchanged; control characters, backslashes and invalid UTF-8 become
/// `\xNN` (or `\u{NNNN}`), so that no input from a client can end a line or move a terminal's cursor.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                    c if is_deceptive(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                    c => f.write_char(c)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Shows a text that is to be readable in one line of a log, whatever it quotes: controls and characters that change the
/// direction become `\xNN` or `\u{NNNN}`, ends of lines become spaces, and all else stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct OneLine<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        for c in self.0.chars() {
            match c {
                '\r' | '\n' | '\t' => f.write_char(' ')?,
                c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                c if is_deceptive(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Whether a character could mislead whoever reads a log: a control, or one that changes the direction of text.
#[must_use]
pub fn misleads(c: char) -> bool {
    c.is_control() || is_deceptive(c)
}

/// Controls beyond ASCII, line and paragraph separators, and characters that change the text direction.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_line_or_moves_a_cursor() {
        let shown = |bytes| Escaped(bytes).to_string();
        assert_eq!(shown(b"plain name"), "plain name");
        assert_eq!(shown("b\u{fc}cher".as_bytes()), "b\u{fc}cher");
        assert_eq!(shown(b"a\r\nb\x1b[2J\\"), r"a\x0d\x0ab\x1b[2J\\");
        assert_eq!(shown(b"\xffx\xc3"), r"\xffx\xc3");
        let line = OneLine("a\\x0d\r\nb\u{1b}[2J\u{9b}\u{202e}c").to_string();
        assert_eq!(line, r"a\x0d  b\x1b[2J\u{9b}\u{202e}c");
        assert_eq!(shown("\u{2028}\u{85}\u{202e}".as_bytes()), r"\u{2028}\u{85}\u{202e}");
    }
}
