//! Expressions for users, groups and classes: `[AND|OR] name,!name` and
//! `regex pattern`.

use gantry_api::ParseError;
use regex::{Regex, RegexBuilder};

use crate::tree::Argument;

/// The size limit of a compiled pattern, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// The size limit, in bytes, of what one thread remembers of matching a pattern. Names are
/// short, so more would not make it faster.
const MATCHER_SIZE: usize = 1 << 16;

/// An expression of names.
#[derive(Debug, Clone)]
pub struct Names(Form);

#[derive(Debug, Clone)]
enum Form {
    /// Names, each with whether it is negated.
    List(Mode, Vec<(String, bool)>),
    Pattern(Regex),
}

/// How many of the names must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    And,
    Or,
}

impl Names {
    /// Reads an expression; `mode` is the default.
    pub(super) fn read(words: &[&str], mode: Mode) -> Result<Self, ParseError> {
        let Some((first, rest)) = words.split_first() else { return Err("wrong number of parameters".into()) };
        let (mode, listed) = match first.to_ascii_lowercase().as_str() {
            "regex" => return pattern(rest).map(|pattern| Self(Form::Pattern(pattern))),
            "and" => (Mode::And, rest),
            "or" => (Mode::Or, rest),
            _ => (mode, words),
        };
        let names = listed.iter().flat_map(|word| word.split(',')).filter(|name| !name.is_empty());
        let names: Vec<_> =
            names.map(|name| name.strip_prefix('!').map_or((name, false), |name| (name, true))).collect();
        if names.is_empty() || names.iter().any(|(name, _)| name.is_empty()) {
            return Err("expected one or more names".into());
        }
        Ok(Self(Form::List(mode, names.into_iter().map(|(name, absent)| (name.to_owned(), absent)).collect())))
    }

    /// Whether it matches one name.
    pub(super) fn match_one(&self, own: &str) -> bool {
        self.matches(|name| name == own, |pattern| pattern.is_match(own))
    }

    /// Whether it matches a set of names.
    pub(super) fn match_any(&self, own: &[String]) -> bool {
        self.matches(|name| own.iter().any(|own| own == name), |pattern| own.iter().any(|own| pattern.is_match(own)))
    }

    fn matches(&self, has: impl Fn(&str) -> bool, fits: impl Fn(&Regex) -> bool) -> bool {
        match &self.0 {
            Form::List(Mode::And, names) => names.iter().all(|(name, absent)| has(name) != *absent),
            Form::List(Mode::Or, names) => names.iter().any(|(name, absent)| has(name) != *absent),
            Form::Pattern(pattern) => fits(pattern),
        }
    }
}

/// Whether the words after AllowUser and its like are a pattern.
pub(crate) fn is_pattern(words: &[Argument]) -> bool {
    words.first().is_some_and(|word| word.text.eq_ignore_ascii_case("regex"))
}

/// Whether a pattern, compiled, has at most so many bytes.
pub(crate) fn is_within(words: &[Argument], most: usize) -> bool {
    let text: Vec<&str> = words.iter().skip(1).map(|word| word.text.as_str()).collect();
    is_text_within(&text.join(" "), most)
}

/// The same for a pattern's text.
pub(crate) fn is_text_within(text: &str, most: usize) -> bool {
    RegexBuilder::new(text).size_limit(most).build().is_ok()
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::List(mode, names), Form::List(other_mode, others)) => (mode, names) == (other_mode, others),
            (Form::Pattern(pattern), Form::Pattern(other)) => pattern.as_str() == other.as_str(),
            _ => false,
        }
    }
}

fn pattern(words: &[&str]) -> Result<Regex, ParseError> {
    let text = match words {
        [] => return Err("wrong number of parameters".into()),
        words => words.join(" "),
    };
    let compiled = RegexBuilder::new(&text).size_limit(PATTERN_SIZE).dfa_size_limit(MATCHER_SIZE).build();
    compiled.map_err(|error| {
        // The last line says what is wrong; the others show the place.
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        ParseError::of(&text, format!("failed regex compilation: {why}"))
    })
}
