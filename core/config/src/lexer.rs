//! Splits text into lines of words, as ProFTPD does. `#` at the start of a word begins a
//! comment. A word that starts with `"` ends at the next `"`, and only inside it does a
//! backslash escape a character. A backslash at the end of a line joins the next line. A
//! comment line joins nothing; among joined lines, a comment line that ends in a backslash
//! is skipped. The reader knows what the words mean.

use std::borrow::Cow;

use crate::tree::Argument;

/// A logical line that is neither empty nor a comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'t> {
    pub(crate) form: Form,
    /// The name, without brackets.
    pub(crate) name: Argument,
    pub(crate) arguments: Vec<Argument>,
    /// The physical line of the name.
    pub(crate) source: &'t str,
}

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `Name words`.
    Directive,
    /// `<Name words>`.
    Open,
    /// `</Name>`.
    Close,
    /// `<Name words` without `>`.
    Unended,
    /// In TOML: a name with a boolean.
    Switch,
    /// In TOML: a table whose name is not a section's.
    Table,
    /// In TOML: a name whose value is not valid, and the reason.
    Misfit(&'static str),
}

/// The logical lines of a text.
pub(crate) struct Lines<'t> {
    rest: &'t str,
    /// The line number of the start of `rest`.
    number: u32,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { rest, number: 1 }
    }

    /// The number of the last line, after all have been read.
    pub(crate) fn last_number(&self) -> u32 {
        self.number.saturating_sub(1).max(1)
    }

    fn physical(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.number = self.number.saturating_add(1);
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// The line that a backslash joins to the previous one, with its number.
    fn joined(&mut self) -> Option<(u32, &'t str)> {
        loop {
            let number = self.number;
            let line = self.physical()?;
            if !(is_comment(line) && line.ends_with('\\')) {
                return Some((number, line));
            }
        }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        loop {
            let number = self.number;
            let first = self.physical()?;
            if is_comment(first) {
                continue;
            }
            let mut pieces = vec![Piece { start: 0, number, text: first }];
            let mut text = Cow::Borrowed(first);
            while let Some(kept) = text.strip_suffix('\\') {
                let kept = kept.len();
                text.to_mut().truncate(kept);
                let Some((number, next)) = self.joined() else { break };
                pieces.push(Piece { start: kept, number, text: next });
                text.to_mut().push_str(next);
            }
            if let Some(line) = Words::new(&text, &pieces).line() {
                return Some(line);
            }
        }
    }
}

/// The words of a text that is not from a file.
pub(crate) fn words(text: &str) -> Vec<Argument> {
    let pieces = [Piece { start: 0, number: 1, text }];
    Words::new(text, &pieces).map(|word| Argument { text: word.text, line: word.line, column: word.column }).collect()
}

/// A physical line in a logical line.
struct Piece<'t> {
    /// Its start in the logical line, in bytes.
    start: usize,
    number: u32,
    text: &'t str,
}

/// A word as it was found.
struct Word {
    text: String,
    quoted: bool,
    line: u32,
    column: u32,
    piece: usize,
}

/// Walks a logical line from left to right.
struct Words<'a, 't> {
    text: &'a str,
    pieces: &'a [Piece<'t>],
    /// The bytes of `text` read so far.
    at: usize,
    /// The piece of the last word, and its place there in bytes and characters. Words
    /// come in order, so each character is counted once.
    piece: usize,
    counted: usize,
    column: u32,
}

impl<'a, 't> Words<'a, 't> {
    fn new(text: &'a str, pieces: &'a [Piece<'t>]) -> Self {
        Self { text, pieces, at: 0, piece: 0, counted: 0, column: 1 }
    }

    fn line(mut self) -> Option<Line<'t>> {
        let first = self.next()?;
        let source = self.pieces.get(first.piece).map_or("", |piece| piece.text);
        let bracketed = !first.quoted && first.text.starts_with('<');
        let mut words = vec![first];
        words.extend(&mut self);
        let ended = bracketed && strip_bracket(&mut words);
        let mut words =
            words.into_iter().map(|word| Argument { text: word.text, line: word.line, column: word.column });
        let mut name = words.next()?;
        let form = match bracketed {
            false => Form::Directive,
            true => bracket_form(&mut name, ended),
        };
        Some(Line { form, name, arguments: words.collect(), source })
    }

    /// The line and column of a byte, which must not come before the last one asked for.
    fn place(&mut self, offset: usize) -> (u32, u32) {
        while let Some(next) = self.pieces.get(self.piece + 1).filter(|next| next.start <= offset) {
            self.piece += 1;
            self.counted = next.start;
            self.column = 1;
        }
        let passed = self.text.get(self.counted..offset).unwrap_or("").chars().count();
        self.column = self.column.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.counted = offset;
        (self.pieces.get(self.piece).map_or(1, |piece| piece.number), self.column)
    }
}

impl Iterator for Words<'_, '_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let rest = self.text.get(self.at..)?;
        let word = rest.trim_start_matches(is_space);
        if word.is_empty() || word.starts_with('#') {
            return None;
        }
        let start = self.text.len() - word.len();
        let (line, column) = self.place(start);
        let (text, length, quoted) = match word.strip_prefix('"') {
            Some(inner) => {
                let (text, length) = unquote(inner);
                (text, length + 1, true)
            }
            None => {
                let length = word.find(is_space).unwrap_or(word.len());
                (word[..length].to_owned(), length, false)
            }
        };
        self.at = start + length;
        Some(Word { text, quoted, line, column, piece: self.piece })
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}')
}

/// The text up to the closing quote, or to the end if there is none, and its length in
/// bytes including the quote.
fn unquote(inner: &str) -> (String, usize) {
    let mut text = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (text, at + 1),
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => text.push(character),
        }
    }
    (text, inner.len())
}

/// Removes the `>` from the last word; returns whether there was one.
fn strip_bracket(words: &mut Vec<Word>) -> bool {
    let Some(last) = words.last_mut().filter(|last| !last.quoted && last.text.ends_with('>')) else { return false };
    last.text.pop();
    if last.text.is_empty() && words.len() > 1 {
        words.pop();
    }
    true
}

/// Removes `<` or `</` from a section's name.
fn bracket_form(name: &mut Argument, ended: bool) -> Form {
    if !ended {
        return Form::Unended;
    }
    name.text.remove(0);
    if name.text.starts_with('/') {
        name.text.remove(0);
        return Form::Close;
    }
    Form::Open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let Some(line) = Lines::new(text).next() else { return Vec::new() };
        std::iter::once(line.name).chain(line.arguments).map(|word| word.text).collect()
    }

    #[test]
    fn quotes_count_at_the_start_of_a_word_and_escapes_within_them() {
        assert_eq!(words(r#"A "b c" d"e f"#), ["A", "b c", "d\"e", "f"]);
        assert_eq!(words(r#"A "b\"c\\d\n" 'x'"#), ["A", "b\"c\\dn", "'x'"]);
        assert_eq!(words(r"A b\ c\n"), ["A", "b\\", "c\\n"]);
        assert_eq!(words(r#"A "b"cd"#), ["A", "b", "cd"]);
        assert_eq!(words("A \"open # x"), ["A", "open # x"]);
    }

    #[test]
    fn a_hash_begins_a_comment_only_at_the_start_of_a_word() {
        assert_eq!(words("A b#c # d"), ["A", "b#c"]);
        assert_eq!(words("A \"# b\""), ["A", "# b"]);
        assert_eq!(words("# A \\\nB"), ["B"]);
    }

    #[test]
    fn a_trailing_backslash_joins_lines_and_positions_stay_true() {
        let lines: Vec<_> = Lines::new("A \\\n  b \\\r\n\tc\nD e\n").collect();
        let places = |line: &Line<'_>| line.arguments.iter().map(|word| (word.line, word.column)).collect::<Vec<_>>();
        assert_eq!(places(&lines[0]), [(2, 3), (3, 2)]);
        assert_eq!((lines[1].name.line, lines[1].name.column), (4, 1));
        assert_eq!(places(&lines[1]), [(4, 3)]);
        assert_eq!(lines[1].source, "D e");
    }

    #[test]
    fn among_joined_lines_a_comment_is_passed_over_and_an_empty_line_ends_them() {
        assert_eq!(words("A \\\n  # b \\\n\\\nc \\\n#\\\n d\nE"), ["A", "c", "d"]);
        assert_eq!(words("A \"b \\\n# c \\\nd\""), ["A", "b d"]);
        // Like ProFTPD: a line that does not end in a backslash is ordinary text.
        assert_eq!(words("A \"b \\\n# c"), ["A", "b # c"]);
        assert_eq!(Lines::new("A \\\n\nB\n").count(), 2);
        assert_eq!(Lines::new("A \\\n# b\nB\n").count(), 2);
        let lines: Vec<_> = Lines::new("A \\\n# b \\\n  c").collect();
        assert_eq!((lines[0].arguments[0].line, lines[0].arguments[0].column), (3, 3));
    }

    #[test]
    fn sections_lose_their_brackets() {
        let forms: Vec<_> = Lines::new("<A \"b c\">\n<A b >\n</A> # x\n<A b>c\n<A\n<A \"b>\"\n<>\n").collect();
        let shown: Vec<_> =
            forms.iter().map(|line| (line.form, line.name.text.as_str(), line.arguments.len())).collect();
        let expected = [
            (Form::Open, "A", 1),
            (Form::Open, "A", 1),
            (Form::Close, "A", 0),
            (Form::Unended, "<A", 1),
            (Form::Unended, "<A", 0),
            (Form::Unended, "<A", 1),
            (Form::Open, "", 0),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_name() {
        assert_eq!(words("\u{feff}A b\r\n"), ["A", "b"]);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_line_lies_within_it(text in "[a#<>/\"\\\\ \t\r\n\u{e9}]{0,60}") {
            let total = u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX);
            for line in Lines::new(&text) {
                prop_assert!(line.name.line <= total && line.name.column >= 1);
                prop_assert!(line.arguments.iter().all(|word| word.line <= total));
            }
        }
    }
}
