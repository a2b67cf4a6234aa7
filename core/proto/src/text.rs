//! Makes bytes from a client safe to show to people.

use std::fmt::{self, Write};

/// Shows bytes in one line of a log. Text stays unchanged; control characters, backslashes and invalid UTF-8 become
/// `\xNN` (or `\u{NNNN}`), so that no input from a client can end a line or move a terminal's cursor.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    c => write_visibly(c, f)?,
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
        for c in self.0.chars() {
            match c {
                '\r' | '\n' | '\t' => f.write_char(' ')?,
                c => write_visibly(c, f)?,
            }
        }
        Ok(())
    }
}

/// Beyond ASCII a control is `\u{NNNN}`, so that `\xNN` is a byte, valid or not.
fn write_visibly(c: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match c {
        c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c)),
        c if is_deceptive(c) => write!(f, "\\u{{{:x}}}", u32::from(c)),
        c => f.write_char(c),
    }
}

/// Appends bytes to a line of a log as they are, but for what could end the line, move a terminal's cursor or turn the
/// direction of the text: such characters become `\xNN` or `\u{NNNN}`. Other bytes that are no UTF-8 stay.
pub fn escape_controls(bytes: &[u8], out: &mut Vec<u8>) {
    let mut shown = String::new();
    visible(bytes, out, |c, out| {
        shown.clear();
        let _ = match u32::from(c) {
            code @ 0..0x100 => write!(shown, "\\x{code:02x}"),
            code => write!(shown, "\\u{{{code:x}}}"),
        };
        out.extend_from_slice(shown.as_bytes());
    });
}

/// Appends bytes as one word of a line: an underscore takes the place of each blank, and of each character that
/// [`escape_controls`] escapes.
pub fn one_word(bytes: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    visible(bytes, out, |_, out| out.push(b'_'));
    out.iter_mut().skip(begin).filter(|byte| byte.is_ascii_whitespace()).for_each(|byte| *byte = b'_');
}

/// Appends what can be shown; the rest is `hide`'s.
fn visible(bytes: &[u8], out: &mut Vec<u8>, mut hide: impl FnMut(char, &mut Vec<u8>)) {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return out.extend_from_slice(bytes);
    }
    let mut utf8 = [0; 4];
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match is_deceptive(c) {
                true => hide(c, out),
                false => out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            match byte {
                // C1 controls of terminals that know no UTF-8.
                0x80..0xa0 => hide(char::from(*byte), out),
                byte => out.push(*byte),
            }
        }
    }
}

/// Controls, line and paragraph separators, and characters that change the text direction.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
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

    #[test]
    fn a_line_of_a_log_keeps_all_that_is_no_control() {
        let line = |bytes: &[u8]| {
            let mut out = b"|".to_vec();
            escape_controls(bytes, &mut out);
            out
        };
        assert_eq!(line(b"a\\b \"c\""), b"|a\\b \"c\"");
        assert_eq!(
            line("b\u{fc}cher\u{85}\u{202e}\u{61c}".as_bytes()),
            "|b\u{fc}cher\\x85\\u{202e}\\u{61c}".as_bytes()
        );
        assert_eq!(line(b"x\n\x7f\xe9\x9b2J"), b"|x\\x0a\\x7f\xe9\\x9b2J");
    }

    #[test]
    fn a_word_has_no_blank() {
        let word = |bytes: &[u8]| {
            let mut out = b" ".to_vec();
            one_word(bytes, &mut out);
            out
        };
        assert_eq!(word(b"a b\t\r\nc"), b" a_b___c");
        assert_eq!(word("\u{fc}\u{9b}\u{202e}".as_bytes()), " \u{fc}__".as_bytes());
        assert_eq!(word(b"\xe9\x9b\xff"), b" \xe9_\xff");
    }
}
