//! The variables of queries and messages: how they are written, and where each
//! has a value. SQLNamedQuery and SQLShowInfo in ProFTPD's manual; the values
//! at a command are the api's.

use std::fmt;

use gantry_api::Moment;
use gantry_api::variable::{self, Variable};

/// A variable, as a query names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// One that the api knows: `u`, `{protocol}`.
    Session(String),
    /// `%{0}`: an argument of a named query.
    Argument(usize),
    /// `%{time:FORMAT}`: the time now, as strftime(3) writes it.
    Time(String),
    /// `%{env:NAME}`: read once, when the configuration is.
    Fixed(String),
}

/// Where a query runs: what is known there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// For a command (SQLLog, SQLShowInfo): all but arguments.
    Command,
    /// To look up a user or a group: the login's name, and `%{0}`.
    Lookup,
    /// For another module: its arguments.
    Service,
}

/// Why a variable is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// No such variable.
    #[error("unknown variable '%{0}' (a percent sign is written %%)")]
    Unknown(String),
    /// As ProFTPD has it.
    #[error("variable %t has no meaning here: use %{{time:FORMAT}} or the database's own function")]
    NoTime,
    /// strftime's format is wrong.
    #[error("%{{time:{0}}}: {1}")]
    Time(String, String),
    /// `%{` without its end.
    #[error("'%{{' is not closed")]
    Unclosed,
}

/// A variable that has no value at its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("variable %{name} has no value {place}")]
pub struct Unavailable {
    name: Name,
    place: &'static str,
}

/// Takes a variable from the beginning of a text, which is a percent sign:
/// none for `%%`; and the text behind it.
pub fn parse(text: &str) -> Result<(Option<Name>, &str), VariableError> {
    let text = text.strip_prefix('%').unwrap_or(text);
    let Some(first) = text.chars().next() else { return Err(VariableError::Unknown(String::new())) };
    if first == '{' {
        let end = text.find('}').ok_or(VariableError::Unclosed)?;
        let (braced, rest) = text.split_at(end + 1);
        return Ok((Some(long(braced)?), rest));
    }
    let (name, rest) = text.split_at(first.len_utf8());
    match name {
        "%" => Ok((None, rest)),
        "t" => Err(VariableError::NoTime),
        name if variable::is_known(name) => Ok((Some(Name::Session(name.to_owned())), rest)),
        name => Err(VariableError::Unknown(name.to_owned())),
    }
}

/// A variable in braces.
fn long(braced: &str) -> Result<Name, VariableError> {
    let inner = braced.trim_start_matches('{').trim_end_matches('}');
    if let Ok(index) = inner.parse() {
        return Ok(Name::Argument(index));
    }
    if let Some(name) = inner.strip_prefix("env:") {
        return Ok(Name::Fixed(std::env::var(name).unwrap_or_else(|_| "-".to_owned())));
    }
    if let Some(format) = inner.strip_prefix("time:") {
        now(format).map_err(|error| VariableError::Time(format.to_owned(), error))?;
        return Ok(Name::Time(format.to_owned()));
    }
    match variable::is_known(braced) {
        true => Ok(Name::Session(braced.to_owned())),
        false => Err(VariableError::Unknown(braced.to_owned())),
    }
}

fn now(format: &str) -> Result<String, String> {
    jiff::fmt::strtime::format(format, &jiff::ZonedDateTime::now()).map_err(|error| error.to_string())
}

impl Name {
    /// Whether it has a value at a place.
    pub fn check(&self, place: Place) -> Result<(), Unavailable> {
        let fail = |place| Err(Unavailable { name: self.clone(), place });
        match (self, place) {
            (Self::Argument(_), Place::Command) => fail("for a command"),
            (Self::Argument(1..), Place::Lookup) => fail("in the lookup of a user or group, which gives %{0} alone"),
            (Self::Session(name), Place::Lookup) if name != "U" && name != "u" => {
                fail("before the login: %U and %{0} have")
            }
            (Self::Session(_), Place::Service) => fail("apart from a command"),
            _ => Ok(()),
        }
    }

    /// Its value on one occasion.
    pub fn value(&self, source: &dyn Source) -> Result<Variable, Unavailable> {
        match self {
            Self::Session(name) => Ok(source.session(name)),
            Self::Argument(index) => {
                let argument = source.argument(*index).map(|text| Variable::Text(text.to_owned()));
                argument.ok_or_else(|| Unavailable { name: self.clone(), place: "here: too few arguments" })
            }
            // It could be formatted when the configuration was read.
            Self::Time(format) => Ok(now(format).map_or(Variable::None, Variable::Text)),
            Self::Fixed(text) => Ok(Variable::Text(text.clone())),
        }
    }
}

/// As queries write it, without the percent sign.
impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(name) => out.write_str(name),
            Self::Argument(index) => write!(out, "{{{index}}}"),
            Self::Time(format) => write!(out, "{{time:{format}}}"),
            Self::Fixed(_) => out.write_str("{env:...}"),
        }
    }
}

/// Where values come from.
pub trait Source {
    /// The value of a variable that the api knows.
    fn session(&self, name: &str) -> Variable;
    /// An argument of the query.
    fn argument(&self, index: usize) -> Option<&str>;
}

/// A command.
impl Source for Moment<'_> {
    fn session(&self, name: &str) -> Variable {
        variable::value(self, name)
    }

    fn argument(&self, _index: usize) -> Option<&str> {
        None
    }
}

/// The lookup of a user or group.
pub struct Lookup<'l> {
    /// The name that USER gave: %U, and %u, which has no other meaning yet.
    pub user: &'l str,
    /// `%{0}`.
    pub argument: &'l str,
}

impl Source for Lookup<'_> {
    fn session(&self, name: &str) -> Variable {
        match name {
            "U" | "u" => Variable::Text(self.user.to_owned()),
            _ => Variable::None,
        }
    }

    fn argument(&self, index: usize) -> Option<&str> {
        (index == 0).then_some(self.argument)
    }
}

/// Another module's call.
pub struct Arguments<'l>(pub &'l [String]);

impl Source for Arguments<'_> {
    fn session(&self, _name: &str) -> Variable {
        Variable::None
    }

    fn argument(&self, index: usize) -> Option<&str> {
        self.0.get(index).map(String::as_str)
    }
}
