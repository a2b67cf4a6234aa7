//! Regular expressions of the configuration, as ProFTPD's directives write them
//! (`pattern [NC]`): tried when their line is read, compiled when first used. Matching takes
//! time in proportion to the text, whatever the pattern.

use std::sync::OnceLock;

use gantry_api::{ParseError, Value};
use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer};

/// The size limit of a compiled pattern, in bytes.
const SIZE: usize = 1 << 20;
/// The size limit of what matching keeps between two texts, in bytes for each thread.
const MATCHER: usize = 1 << 18;

/// A regular expression over bytes: the names and arguments of clients need not be UTF-8.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    is_inverted: bool,
    ignores_case: bool,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Reads `pattern [NC|nocase]`, the flag in brackets. It makes what deserializes as a pattern.
    ///
    /// # Errors
    /// What is wrong with the words, as far as it goes in ProFTPD's.
    pub fn parse(words: &[&str]) -> Result<Value, ParseError> {
        Self::read(words, false)
    }

    /// The same with a leading `!`, which inverts the pattern.
    ///
    /// # Errors
    /// What is wrong with the words.
    pub fn parse_invertible(words: &[&str]) -> Result<Value, ParseError> {
        Self::read(words, true)
    }

    fn read(words: &[&str], is_invertible: bool) -> Result<Value, ParseError> {
        let (text, ignores_case) = match words {
            [text] => (*text, false),
            [text, flags] => (*text, flag(flags)?),
            [] => return Err("wrong number of parameters".into()),
            _ => return Err("wrong number of parameters: a pattern with blanks needs quotes".into()),
        };
        let inverted = text.strip_prefix('!').filter(|_| is_invertible);
        let (text, is_inverted) = inverted.map_or((text, false), |text| (text, true));
        compile(text, ignores_case)?;
        Ok(Value::List(vec![Value::from(text), Value::Bool(is_inverted), Value::Bool(ignores_case)]))
    }

    /// Whether a text matches. None if that cannot be told: whoever asks then refuses.
    pub fn matches(&self, text: &[u8]) -> Option<bool> {
        let compiled = self.compiled.get_or_init(|| compile(&self.text, self.ignores_case).ok());
        compiled.as_ref().map(|pattern| pattern.is_match(text) != self.is_inverted)
    }
}

/// Without what it was compiled to.
impl Clone for Pattern {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), compiled: OnceLock::new(), ..*self }
    }
}

/// From what [`Pattern::parse`] makes.
impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (text, is_inverted, ignores_case) = Deserialize::deserialize(deserializer)?;
        Ok(Self { text, is_inverted, ignores_case, compiled: OnceLock::new() })
    }
}

fn flag(flags: &str) -> Result<bool, ParseError> {
    let inner = flags.strip_prefix('[').and_then(|flags| flags.strip_suffix(']'));
    let inner = inner.ok_or_else(|| format!("badly formatted flags parameter: '{flags}'"))?;
    match inner.eq_ignore_ascii_case("NC") || inner.eq_ignore_ascii_case("nocase") {
        true => Ok(true),
        false => Err(format!("unknown flag '{inner}': expected NC or nocase").into()),
    }
}

fn compile(text: &str, ignores_case: bool) -> Result<Regex, ParseError> {
    let mut builder = RegexBuilder::new(text);
    builder.unicode(false).case_insensitive(ignores_case).size_limit(SIZE).dfa_size_limit(MATCHER);
    let built = builder.build();
    built.map_err(|error| {
        // The last line says what is wrong; the others show the place.
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        ParseError::of(text, format_args!("failed regex compilation: {why}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(words: &[&str]) -> Pattern {
        Pattern::parse_invertible(words).unwrap().extract().unwrap()
    }

    #[test]
    fn patterns_match_bytes_anywhere() {
        let matches = |words: &[&str], text: &[u8]| pattern(words).matches(text).unwrap();
        assert!(matches(&[r"\*.*/"], b"a*b/c") && !matches(&[r"\*.*/"], b"a/b*c"));
        assert!(matches(&["[^[:print:]]"], b"a\xffb") && !matches(&["[^[:print:]]"], b"a b"));
        assert!(matches(&[r"\.JPG$", "[NC]"], b"x.jpg") && !matches(&[r"\.JPG$"], b"x.jpg"));
        assert!(matches(&[r"!\.txt$"], b"x.doc") && !matches(&[r"!\.txt$"], b"x.txt"));
        assert!(!pattern(&["!x"]).clone().matches(b"x").unwrap());
    }

    #[test]
    fn what_is_no_pattern_is_refused_in_words() {
        let fails = |words: &[&str]| Pattern::parse(words).unwrap_err().to_string();
        assert_eq!(fails(&["a", "NC"]), "badly formatted flags parameter: 'NC'");
        assert_eq!(fails(&["a", "[x]"]), "unknown flag 'x': expected NC or nocase");
        assert!(fails(&["(a"]).contains("unclosed group"), "{}", fails(&["(a"]));
        assert!(fails(&["(?=a)"]).contains("look-around"), "{}", fails(&["(?=a)"]));
        assert!(fails(&["a{1000000}"]).contains("failed regex compilation"));
        assert!(fails(&[]).starts_with("wrong number") && fails(&["a", "[NC]", "c"]).starts_with("wrong number"));
    }
}
