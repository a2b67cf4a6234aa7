//! Options as getopt reads them: letters that may be combined, some with a value, and
//! long names for them.

use std::collections::VecDeque;

/// The options of a command.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Letters; a colon follows those that take a value.
    pub letters: &'static str,
    /// Long names and their letters.
    pub names: &'static [(&'static str, char)],
    /// Whether options end at the first word.
    pub stops: bool,
}

/// A part of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An option without a value.
    Flag(char),
    /// An option with its value.
    Value(char, String),
    /// A word that is not an option.
    Word(String),
    /// An option that does not exist or lacks its value.
    Unknown(String),
}

impl Options {
    /// The parts of a command line, in order.
    pub fn items(&self, words: &[String]) -> Vec<Item> {
        let mut left: VecDeque<&str> = words.iter().map(String::as_str).collect();
        let mut items = Vec::new();
        while let Some(word) = left.pop_front() {
            match word.strip_prefix('-') {
                Some("-") => break,
                Some(long) if long.starts_with('-') => items.push(self.long(&long[1..], &mut left)),
                Some(letters) if !letters.is_empty() => self.short(letters, &mut left, &mut items),
                _ => {
                    items.push(Item::Word(word.to_owned()));
                    if self.stops {
                        break;
                    }
                }
            }
        }
        items.extend(left.into_iter().map(|word| Item::Word(word.to_owned())));
        items
    }

    fn short(&self, letters: &str, left: &mut VecDeque<&str>, items: &mut Vec<Item>) {
        for (at, letter) in letters.char_indices() {
            match self.takes_value(letter) {
                Some(false) => items.push(Item::Flag(letter)),
                Some(true) => {
                    let rest = &letters[at + letter.len_utf8()..];
                    let value = if rest.is_empty() { left.pop_front() } else { Some(rest) };
                    items.push(valued(letter, value));
                    return;
                }
                None => items.push(Item::Unknown(letter.to_string())),
            }
        }
    }

    fn long(&self, text: &str, left: &mut VecDeque<&str>) -> Item {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let Some((_, letter)) = self.names.iter().find(|(known, _)| *known == name) else {
            return Item::Unknown(format!("--{name}"));
        };
        match self.takes_value(*letter) {
            Some(true) => valued(*letter, value.or_else(|| left.pop_front())),
            _ => Item::Flag(*letter),
        }
    }

    /// Whether a letter takes a value; `None` if it does not exist.
    fn takes_value(&self, letter: char) -> Option<bool> {
        let at = self.letters.find(letter).filter(|_| letter != ':')?;
        Some(self.letters[at + letter.len_utf8()..].starts_with(':'))
    }
}

fn valued(letter: char, value: Option<&str>) -> Item {
    value.map_or_else(|| Item::Unknown(letter.to_string()), |value| Item::Value(letter, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(line: &str, stops: bool) -> Vec<Item> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options { letters: "hs:v", names: &[("socket", 's'), ("help", 'h')], stops }.items(&words)
    }

    #[test]
    fn letters_stand_together_and_values_behind_them() {
        let value = || Item::Value('s', "x".to_owned());
        assert_eq!(items("-vsx -h", false), [Item::Flag('v'), value(), Item::Flag('h')]);
        assert_eq!(items("-s x --socket=x --socket x", false), [value(), value(), value()]);
        let unknown = |text: &str| Item::Unknown(text.to_owned());
        assert_eq!(items("-q: --no -s", false), [unknown("q"), unknown(":"), unknown("--no"), unknown("s")]);
        let word = |text: &str| Item::Word(text.to_owned());
        assert_eq!(items("kick -n 3 --", true), [word("kick"), word("-n"), word("3"), word("--")]);
        assert_eq!(items("a -h - -- -v", false), [word("a"), Item::Flag('h'), word("-"), word("-v")]);
    }
}
