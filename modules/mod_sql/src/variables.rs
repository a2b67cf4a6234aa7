//! Where the variables of queries and messages have a value: SQLNamedQuery and
//! SQLShowInfo in ProFTPD's manual. The variables themselves are gantry-format's.

use std::time::SystemTime;

use gantry_api::Moment;
use gantry_api::variable::{Out, Subject, Variable};
use gantry_format::{Context, Dialect, Reference};
use jiff::tz::TimeZone;

/// The variables of SQL.
pub fn dialect() -> Dialect {
    Dialect::sql(TimeZone::system())
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

/// A variable that has no value at its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("variable {name} has no value {place}")]
pub struct Unavailable {
    name: String,
    place: &'static str,
}

impl Unavailable {
    /// The variable, as it is written.
    pub fn word(&self) -> &str {
        &self.name
    }

    fn new(reference: &Reference, place: &'static str) -> Self {
        Self { name: reference.to_string(), place }
    }
}

impl Place {
    /// Whether a variable has a value here.
    pub fn check(self, reference: &Reference) -> Result<(), Unavailable> {
        let fail = |place| Err(Unavailable::new(reference, place));
        match (reference, self) {
            (Reference::Argument(_), Self::Command) => fail("for a command"),
            (Reference::Argument(1..), Self::Lookup) => {
                fail("in the lookup of a user or group, which gives %{0} alone")
            }
            (Reference::Variable(variable), Self::Lookup) if is_login_name(variable) => Ok(()),
            (reference, Self::Lookup) if is_of_session(reference) => fail("before the login: %U and %{0} have"),
            (reference, Self::Service) if is_of_session(reference) => fail("apart from a command"),
            _ => Ok(()),
        }
    }
}

fn is_login_name(variable: &Variable) -> bool {
    matches!(variable.name, "U" | "u")
}

fn is_of_session(reference: &Reference) -> bool {
    matches!(reference, Reference::Variable(_) | Reference::Contributed(_) | Reference::Note(_))
}

/// Sees that the caller gave the argument that a variable stands for.
pub fn is_given(reference: &Reference, context: &dyn Context) -> Result<(), Unavailable> {
    match reference {
        Reference::Argument(index) if context.argument(*index).is_none() => {
            Err(Unavailable::new(reference, "here: too few arguments"))
        }
        _ => Ok(()),
    }
}

/// A command, now.
pub fn subject<'a>(at: &'a Moment<'_>) -> Subject<'a> {
    at.subject(SystemTime::now())
}

/// The lookup of a user or group.
pub struct Lookup<'l> {
    /// The name that USER gave: %U, and %u, which has no other meaning yet.
    pub user: &'l str,
    /// `%{0}`.
    pub argument: &'l str,
}

impl Context for Lookup<'_> {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn write(&self, variable: &Variable, out: &mut Out<'_>) {
        if is_login_name(variable) {
            out.text(self.user);
        }
    }

    fn argument(&self, index: usize) -> Option<&str> {
        (index == 0).then_some(self.argument)
    }
}

/// Another module's call.
pub struct Arguments<'l>(pub &'l [String]);

impl Context for Arguments<'_> {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn write(&self, _variable: &Variable, _out: &mut Out<'_>) {}

    fn argument(&self, index: usize) -> Option<&str> {
        self.0.get(index).map(String::as_str)
    }
}
