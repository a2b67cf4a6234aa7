//! Which variables a text may contain, and how they are written.

use gantry_api::nearest;
use gantry_api::variable::Variable;
use jiff::tz::TimeZone;

use crate::fault::{Fault, FaultKind};
use crate::pattern::Pattern;
use crate::reference::{Reference, written};
use crate::standard;

/// Which variables a text may contain.
///
/// The syntax, from the manual: `%a` and `%{name}` are variables, `%%` is a percent sign, `%{0}` an
/// argument, `%{note:NAME}` a note, `%{env:NAME}` and `%{NAME}e` the environment, `%{time:FORMAT}`,
/// `%{FORMAT}t` and `%t` the time.
#[derive(Debug, Clone)]
pub struct Dialect {
    variables: &'static [&'static [Variable]],
    kind: Kind,
    zone: TimeZone,
    environment: fn(&str) -> Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// For LogFormat.
    Log,
    /// For SQLNamedQuery.
    Sql,
    /// Only the variables of the table.
    Plain,
}

impl Dialect {
    /// The variables of LogFormat; times are in the given zone.
    pub fn log(zone: TimeZone) -> Self {
        Self::new(&[standard::LOG], Kind::Log, zone)
    }

    /// The variables of SQLNamedQuery and SQLShowInfo: arguments but no `%t`; `%d` is the working
    /// directory.
    pub fn sql(zone: TimeZone) -> Self {
        Self::new(&[standard::SQL, standard::LOG], Kind::Sql, zone)
    }

    /// Only the variables of a table, for messages with a few letters.
    pub fn plain(variables: &'static [&'static [Variable]]) -> Self {
        Self::new(variables, Kind::Plain, TimeZone::UTC)
    }

    fn new(variables: &'static [&'static [Variable]], kind: Kind, zone: TimeZone) -> Self {
        Self { variables, kind, zone, environment: |name| std::env::var(name).ok() }
    }

    /// Replaces the process's environment.
    #[must_use]
    pub fn environment(mut self, environment: fn(&str) -> Option<String>) -> Self {
        self.environment = environment;
        self
    }

    /// Reads a variable whose percent sign is at byte `at`; `None` for `%%`. Also returns where the
    /// text continues.
    pub fn take(&self, text: &str, at: usize) -> Result<(Option<Reference>, usize), Fault> {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let taken = self.first(rest).map(|(reference, length)| (reference, at + length));
        taken.map_err(|fault| fault.moved(before.chars().count()))
    }

    /// The variable at the start of a text, which is a percent sign, and its length.
    fn first(&self, text: &str) -> Result<(Option<Reference>, usize), Fault> {
        let mut letters = text.char_indices().skip(1);
        let Some((at, first)) = letters.next() else { return Err(unknown(text, Vec::new())) };
        let end = at + first.len_utf8();
        let (word, rest) = text.split_at(end);
        match first {
            '%' => Ok((None, end)),
            '{' => {
                let length = rest.find('}').ok_or_else(|| fault(FaultKind::Unclosed, word))?;
                let (inner, behind) = rest.split_at(length);
                self.long(inner, behind.as_bytes().get(1).copied())
            }
            't' if self.kind == Kind::Log => {
                let pattern = Pattern::parse(standard::LOCAL_TIME, &self.zone);
                let pattern = pattern.map_err(|error| fault(FaultKind::Time(error), word))?;
                Ok((Some(Reference::Time { name: "t".into(), pattern }), end))
            }
            't' if self.kind == Kind::Sql => Err(fault(FaultKind::NotHere(NO_TIME), word)),
            _ => match self.find(word.trim_start_matches('%')) {
                Some(variable) => Ok((Some(Reference::Variable(variable)), end)),
                None => Err(unknown(word, Vec::new())),
            },
        }
    }

    /// A variable in braces; the letter after them may be part of it.
    fn long(&self, inner: &str, next: Option<u8>) -> Result<(Option<Reference>, usize), Fault> {
        let braced = format!("%{{{inner}}}");
        let length = braced.len();
        if let Some(variable) = self.find(inner).filter(|_| inner.len() > 1) {
            return Ok((Some(Reference::Variable(variable)), length));
        }
        if self.kind == Kind::Plain {
            return Err(unknown(&braced, self.nearest(inner)));
        }
        if let Some(reference) = self.form(inner, &braced)? {
            return Ok((Some(reference), length));
        }
        match (next, self.kind) {
            (Some(b't'), Kind::Log) => {
                let reference = self.time(inner, format!("{{{inner}}}t"))?;
                Ok((Some(reference), length + 1))
            }
            (Some(b'e'), Kind::Log) => {
                let reference = self.variable_of_environment(inner, format!("{{{inner}}}e"));
                Ok((Some(reference), length + 1))
            }
            (Some(b't'), _) if inner.contains('%') => Err(fault(FaultKind::NotHere(NO_TIME), &format!("{braced}t"))),
            _ => Err(unknown(&braced, self.nearest(inner))),
        }
    }

    /// All other forms: notes, environment, times, variables of modules, arguments.
    fn form(&self, inner: &str, braced: &str) -> Result<Option<Reference>, Fault> {
        if let Some(name) = inner.strip_prefix("note:").filter(|name| !name.is_empty()) {
            return Ok(Some(Reference::Note(name.into())));
        }
        if let Some(name) = inner.strip_prefix("env:").filter(|name| !name.is_empty()) {
            return Ok(Some(self.variable_of_environment(name, format!("{{{inner}}}"))));
        }
        if let Some(format) = inner.strip_prefix("time:") {
            return self.time(format, format!("{{{inner}}}")).map(Some);
        }
        if let Some((_, format)) = standard::TIMES.iter().find(|(name, _)| *name == inner) {
            return self.time(format, format!("{{{inner}}}")).map(Some);
        }
        if is_contributed(inner) {
            return Ok(Some(Reference::Contributed(inner.into())));
        }
        if inner.is_empty() || !inner.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        match (self.kind, inner.parse()) {
            (Kind::Sql, Ok(index)) => Ok(Some(Reference::Argument(index))),
            _ => Err(unknown(braced, Vec::new())),
        }
    }

    fn time(&self, format: &str, name: String) -> Result<Reference, Fault> {
        match Pattern::parse(format, &self.zone) {
            Ok(pattern) => Ok(Reference::Time { name: name.into(), pattern }),
            Err(error) => Err(fault(FaultKind::Time(error), &format!("%{name}"))),
        }
    }

    fn variable_of_environment(&self, variable: &str, name: String) -> Reference {
        // No variable of the environment can have such a name.
        let value = (!variable.contains(['=', '\0'])).then(|| (self.environment)(variable)).flatten();
        Reference::Environment { name: name.into(), variable: variable.into(), value: value.map(Into::into) }
    }

    fn find(&self, name: &str) -> Option<Variable> {
        self.variables.iter().copied().flatten().find(|variable| variable.name == name).copied()
    }

    /// Long names similar to an unknown one.
    fn nearest(&self, name: &str) -> Vec<String> {
        let tables = self.variables.iter().copied().flatten().map(|variable| variable.name);
        let times = standard::TIMES.iter().map(|(name, _)| *name).filter(|_| self.kind != Kind::Plain);
        let names: Vec<String> = tables.chain(times).filter(|name| name.len() > 1).map(str::to_owned).collect();
        nearest(name, &names).iter().map(|name| written(name)).collect()
    }
}

/// The alternative to LogFormat's times in SQL.
const NO_TIME: &str = "use %{time:FORMAT} or the database's own function";

/// Whether a name has the form of a module's variable: `mod_x.name`.
fn is_contributed(name: &str) -> bool {
    name.starts_with("mod_") && name.contains('.')
}

fn fault(kind: FaultKind, word: &str) -> Fault {
    Fault { kind, word: word.to_owned(), column: 1, nearest: Vec::new() }
}

fn unknown(word: &str, nearest: Vec<String>) -> Fault {
    Fault { kind: FaultKind::Unknown, word: word.to_owned(), column: 1, nearest }
}
