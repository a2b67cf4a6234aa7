//! The error of a parser: what is wrong with the words of a line, or with a text.

use std::fmt;

/// What is wrong with words or a text. `into()` and `?` make one from a `&str` or `String`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    text: Box<str>,
    word: Option<Box<str>>,
    help: Option<Box<str>>,
}

impl ParseError {
    /// An error with this text, which is shown after the directive's name.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into().into(), word: None, help: None }
    }

    /// An error about one word: `ParseError::of("x", "is not a number")` has the text
    /// `'x' is not a number` and marks the word in the line.
    pub fn of(word: &str, what: impl fmt::Display) -> Self {
        Self::new(format!("'{word}' {what}")).at(word)
    }

    /// Marks a word in the line.
    #[must_use]
    pub fn at(mut self, word: &str) -> Self {
        self.word = Some(word.into());
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help = Some(line.into().into());
        self
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The word that is marked.
    pub fn word(&self) -> Option<&str> {
        self.word.as_deref()
    }

    /// The hint.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl From<&str> for ParseError {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for ParseError {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl std::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_and_known() {
        let error = ParseError::of("10x", "is not a number").help("digits alone");
        assert_eq!((error.text(), error.word()), ("'10x' is not a number", Some("10x")));
        assert_eq!(error.advice(), Some("digits alone"));
        assert_eq!(ParseError::from("missing parameters").word(), None);
    }
}
