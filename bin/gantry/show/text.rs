//! Makes text that others chose safe for a terminal: characters that would move the
//! cursor, change colours or change the text direction are shown as escapes. Widths
//! count terminal columns.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// The text as one safe line.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match u32::from(letter) {
            _ if !is_unsafe(letter) => made.push(letter),
            code @ 0..=0xff => write!(made, "\\x{code:02x}").expect("a String takes text"),
            code => write!(made, "\\u{{{code:x}}}").expect("a String takes text"),
        }
    }
    Cow::Owned(made)
}

/// Like [`visible`], but keeps line breaks.
pub fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// JSON text with such characters escaped in its strings; its value is the same.
pub fn escaped_json(json: &str) -> String {
    let mut made = String::with_capacity(json.len());
    for letter in json.chars() {
        // Newlines occur only between tokens; in strings they are escaped already.
        if letter == '\n' || !is_unsafe(letter) {
            made.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            write!(made, "\\u{unit:04x}").expect("a String takes text");
        }
    }
    made
}

/// The width of a text in columns.
pub fn width(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

/// The text cut to this many columns; an ellipsis replaces the rest.
pub fn fitted(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let (mut made, mut used) = (String::new(), 0);
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        made.push(letter);
    }
    if columns > 0 {
        made.push('…');
    }
    Cow::Owned(made)
}

/// `1 session`, `2 sessions`.
pub fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

// Controls (C0, DEL, C1), line and paragraph separators, characters that change the
// text direction, and invisible characters.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        for (given, shown) in [
            ("plain ünïcode 日本 \\ \"", "plain ünïcode 日本 \\ \""),
            ("\x1b[2J", "\\x1b[2J"),
            ("a\nb\tc\r\0\x7f", "a\\x0ab\\x09c\\x0d\\x00\\x7f"),
            ("\u{9b}31m", "\\x9b31m"),
            ("exe.\u{202e}txt", "exe.\\u{202e}txt"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(visible(given), shown);
        }
        assert_eq!(visible_lines("a\x1b\nb\r\n"), "a\\x1b\nb");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"user": "\u{1b}]0;x\u{7}\u{9b}31m\u{7f}\u{202e}", "path": "a\u{e0041}\n"});
        for text in [value.to_string(), format!("{value:#}")] {
            let shown = escaped_json(&text);
            assert!(!shown.contains(|letter| letter != '\n' && is_unsafe(letter)), "{shown:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }

    #[test]
    fn a_cut_text_fits_its_columns() {
        assert_eq!(fitted("abcdef", 6), "abcdef");
        assert_eq!(fitted("abcdef", 5), "abcd…");
        assert_eq!(fitted("日本語", 5), "日本…");
        assert_eq!(fitted("日本語", 4), "日…");
        assert_eq!((fitted("ab", 1), fitted("ab", 0)), ("…".into(), "".into()));
        assert_eq!((width("日本"), width("e\u{301}")), (4, 1));
    }
}
