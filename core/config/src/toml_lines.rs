//! Turns TOML into the lines of the other syntax, so that both are then handled alike. The
//! mapping:
//!
//! - A directive is a key; its value is a word (a string, number or boolean:
//!   `on`, `off`) or an array of words. An array that holds arrays is a line
//!   for each: the repeated directive. For LoadModule, LoadFile, ModulePath, Include
//!   and Define, which take one word, so is an array of strings. `true` stands
//!   for a directive without words; an octal number keeps its leading zero.
//! - A section is a table under its name and its words: `[Directory."/srv"]`,
//!   `[Limit."READ WRITE"]`, `[IfModule."mod_x.c"]`; `[[Limit."READ"]]` for
//!   several of the same words. `[Global]` and
//!   `[IfAuthenticated]` have no words; `[[VirtualHost]]` has
//!   them in `addresses`, or in its name.
//!
//! Lines come in the order of the file; a table's lines come at its first key.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::condition::ConditionKind;
use crate::lexer::{Form, Line};
use crate::section::SectionKind;
use crate::tree::Argument;

/// A TOML syntax error and its place.
#[derive(Debug)]
pub(crate) struct Wrong<'t> {
    pub(crate) message: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) source: &'t str,
    /// Whether a key appears a second time.
    pub(crate) repeats: bool,
}

/// The lines of a text, or all its syntax errors.
pub(crate) fn lines(text: &str) -> Result<Vec<Line<'_>>, Vec<Wrong<'_>>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk { text, starts: line_starts(text), lines: Vec::new() };
    if errors.is_empty() {
        walk.body(table.get_ref(), None);
        return Ok(walk.lines);
    }
    let mut seen = HashSet::new();
    let wrong = errors.iter().filter_map(|error| {
        let span = error.span().unwrap_or_default();
        let (line, column, source) = walk.place(span.start);
        // Only the first error of a line is useful.
        let is_first = seen.insert(line);
        let repeats = || text.get(span.clone()).is_some_and(|name| has_before(table.get_ref(), name, span.start));
        is_first.then(|| Wrong { message: error.message().to_owned(), line, column, source, repeats: repeats() })
    });
    Err(wrong.collect())
}

/// Whether a table or one below it has a key of this name before a byte of the text. The
/// parser bounds the depth.
fn has_before(table: &DeTable<'_>, name: &str, at: usize) -> bool {
    let name = name.trim_matches(['"', '\'']);
    let is_there = |key: &Key<'_>| key.get_ref() == name && key.span().start < at;
    table.iter().any(|(key, value)| {
        let mut below = tables(value).into_iter().flatten();
        is_there(key) || below.any(|(_, table)| has_before(table, name, at))
    })
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;
type Item<'i> = Spanned<DeValue<'i>>;

/// An item of a table, with its start.
enum Entry<'a, 'i> {
    Directive(&'a Key<'i>, &'a Item<'i>),
    Section {
        name: &'a Key<'i>,
        words: Vec<Argument>,
        body: &'a DeTable<'i>,
        at: usize,
    },
    /// A value that is neither.
    Misfit(&'a str, usize, &'static str),
    /// A table whose name is not a section's.
    Unknown(&'a Key<'i>),
}

/// The key in `[[VirtualHost]]` for its words.
const ADDRESSES: &str = "addresses";

/// Directives of one word, for which an array of strings is one line per string.
const OF_ONE_WORD: [&str; 5] = ["LoadModule", "LoadFile", "ModulePath", "Include", "Define"];

struct Walk<'t> {
    text: &'t str,
    /// The start of each line, in bytes.
    starts: Vec<usize>,
    lines: Vec<Line<'t>>,
}

impl<'t> Walk<'t> {
    /// The lines of a table. The parser limits its depth.
    fn body(&mut self, table: &DeTable<'_>, without: Option<&str>) {
        let keys = table.iter().filter(|(key, _)| without != Some(key.get_ref().as_ref()));
        let mut entries: Vec<Entry<'_, '_>> = keys.flat_map(|(key, value)| self.entries(key, value)).collect();
        entries.sort_by_key(Entry::start);
        for entry in entries {
            match entry {
                Entry::Directive(key, value) => self.directive(key, value),
                Entry::Section { name, words, body, at } => self.section(name.get_ref(), words, body, at),
                Entry::Misfit(name, at, reason) => self.push(Form::Misfit(reason), name, at, Vec::new()),
                Entry::Unknown(key) => self.push(Form::Table, key.get_ref(), key.span().start, Vec::new()),
            }
        }
    }

    fn entries<'a, 'i>(&mut self, key: &'a Key<'i>, value: &'a Item<'i>) -> Vec<Entry<'a, 'i>> {
        let name = key.get_ref().as_ref();
        let Some(tables) = tables(value) else { return vec![Entry::Directive(key, value)] };
        let whole = |at, words, body| Entry::Section { name: key, words, body, at };
        match (SectionKind::of(name), ConditionKind::of(name)) {
            (None, None) => vec![Entry::Unknown(key)],
            (Some(SectionKind::Global | SectionKind::IfAuthenticated), _) => {
                let single = tables.len() == 1;
                let start = |span: Range<usize>| if single { key.span().start } else { span.start };
                tables.into_iter().map(|(span, body)| whole(start(span), Vec::new(), body)).collect()
            }
            (Some(SectionKind::VirtualHost), _)
                if is_array(value) || tables.iter().any(|(_, body)| body.contains_key(ADDRESSES)) =>
            {
                let hosts = tables.into_iter();
                hosts.map(|(span, body)| whole(span.start, self.addresses(body), body)).collect()
            }
            _ if is_array(value) => vec![Entry::Misfit(name, key.span().start, NO_WORDS)],
            _ => tables.into_iter().flat_map(|(_, table)| self.by_words(key, table)).collect(),
        }
    }

    /// The sections of one name, by their words.
    fn by_words<'a, 'i>(&self, name: &'a Key<'i>, table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
        let mut found = Vec::new();
        if table.is_empty() {
            found.push(Entry::Misfit(name.get_ref(), name.span().start, NO_WORDS));
        }
        for (key, value) in table {
            let words = self.key_words(name.get_ref(), key);
            match tables(value) {
                Some(bodies) if is_array(value) => {
                    found.extend(bodies.into_iter().map(|(span, body)| Entry::Section {
                        name,
                        words: words.clone(),
                        body,
                        at: span.start,
                    }))
                }
                Some(bodies) => found.extend(bodies.into_iter().map(|(_, body)| Entry::Section {
                    name,
                    words: words.clone(),
                    body,
                    at: key.span().start,
                })),
                None => found.push(Entry::Misfit(name.get_ref(), key.span().start, NO_WORDS)),
            }
        }
        found
    }

    fn key_words(&self, section: &str, key: &Key<'_>) -> Vec<Argument> {
        let several = SectionKind::of(section)
            .is_some_and(|kind| kind.is_condition() || matches!(kind, SectionKind::Limit | SectionKind::VirtualHost));
        let (line, column, _) = self.place(key.span().start);
        let argument = |text: &str| Argument { text: text.to_owned(), line, column };
        match several {
            true => key.get_ref().split_whitespace().map(argument).collect(),
            false => vec![argument(key.get_ref())],
        }
    }

    fn addresses(&self, body: &DeTable<'_>) -> Vec<Argument> {
        match body.get(ADDRESSES) {
            Some(value) => match value.get_ref() {
                DeValue::Array(values) => values.iter().filter_map(|value| self.word(value)).collect(),
                _ => self.word(value).into_iter().collect(),
            },
            None => Vec::new(),
        }
    }

    fn section(&mut self, name: &str, words: Vec<Argument>, body: &DeTable<'_>, at: usize) {
        let host = SectionKind::of(name) == Some(SectionKind::VirtualHost);
        self.push(Form::Open, name, at, words);
        self.body(body, host.then_some(ADDRESSES));
        self.push(Form::Close, name, at, Vec::new());
    }

    fn directive(&mut self, key: &Key<'_>, value: &Item<'_>) {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        let DeValue::Array(values) = value.get_ref() else { return self.line(name, at, std::slice::from_ref(value)) };
        let of_one_word = OF_ONE_WORD.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !of_one_word && !values.iter().any(|value| matches!(value.get_ref(), DeValue::Array(_))) {
            return self.line(name, at, values);
        }
        for value in values.iter() {
            match value.get_ref() {
                DeValue::Array(words) => self.line(name, value.span().start, words),
                _ => self.line(name, value.span().start, std::slice::from_ref(value)),
            }
        }
    }

    fn line(&mut self, name: &str, at: usize, values: &[Item<'_>]) {
        let words: Option<Vec<Argument>> = values.iter().map(|value| self.word(value)).collect();
        let switch = matches!(values, [value] if matches!(value.get_ref(), DeValue::Boolean(_)));
        match words {
            Some(words) => self.push(if switch { Form::Switch } else { Form::Directive }, name, at, words),
            None => self.push(Form::Misfit(NO_WORD), name, at, Vec::new()),
        }
    }

    fn word(&self, value: &Item<'_>) -> Option<Argument> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) => integer(number.as_str(), number.radix()),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(yes) => if *yes { "on" } else { "off" }.to_owned(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) | DeValue::Table(_) => return None,
        };
        let (line, column, _) = self.place(value.span().start);
        Some(Argument { text, line, column })
    }

    fn push(&mut self, form: Form, name: &str, at: usize, arguments: Vec<Argument>) {
        let (line, column, source) = self.place(at);
        self.lines.push(Line { form, name: Argument { text: name.to_owned(), line, column }, arguments, source });
    }

    /// The line and column of a byte, and the line's text.
    fn place(&self, at: usize) -> (u32, u32, &'t str) {
        let number = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(number - 1).copied().unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or("");
        let source = rest.lines().next().unwrap_or("");
        let before = self.text.get(start..at).unwrap_or(source).chars().count();
        let whole = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (whole(number), whole(before).saturating_add(1), source)
    }
}

impl Entry<'_, '_> {
    fn start(&self) -> usize {
        match self {
            Self::Directive(key, _) | Self::Unknown(key) => key.span().start,
            Self::Section { at, .. } | Self::Misfit(_, at, _) => *at,
        }
    }
}

const NO_WORDS: &str = "a section must be a table with its name and words: [Name.\"words\"]";
const NO_WORD: &str = "a word must be a string, a number or a boolean";

/// The tables in a table or an array of tables; `None` for a value.
fn tables<'a, 'i>(value: &'a Item<'i>) -> Option<Vec<(Range<usize>, &'a DeTable<'i>)>> {
    let table = |value: &'a Item<'i>| match value.get_ref() {
        DeValue::Table(table) => Some((value.span(), table)),
        _ => None,
    };
    match value.get_ref() {
        DeValue::Table(_) => Some(table(value).into_iter().collect()),
        DeValue::Array(values) if !values.is_empty() => values.iter().map(table).collect(),
        _ => None,
    }
}

fn is_array(value: &Item<'_>) -> bool {
    matches!(value.get_ref(), DeValue::Array(_))
}

/// A number in ProFTPD's syntax, in which octal ones start with a zero.
fn integer(digits: &str, radix: u32) -> String {
    let digits = digits.trim_start_matches('+');
    match radix {
        8 => format!("0{}", digits.trim_start_matches('0')),
        10 => digits.to_owned(),
        _ => u64::from_str_radix(digits, radix).map_or_else(|_| digits.to_owned(), |number| number.to_string()),
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

#[cfg(test)]
mod tests;
