//! Hiding files from clients: HideFiles, HideUser, HideGroup, HideNoAccess, and IgnoreHidden.

use gantry_api::{ParseError, Value, directive, parse, settings};
use gantry_pattern::Pattern;
use gantry_sys::users::{Group, User};
use serde::Deserialize;

settings! {
    /// The hiding of one scope.
    #[derive(Debug, Clone)]
    pub struct Hidden {
        /// A regular expression: listings leave out the names that match it (with `!`, those that do not). `none` ends what an
        /// outer section hides.
        pub files: Option<Pattern> = HideFiles "[!]pattern|none [flags]" in DIRECTORY | FTPACCESS,
            inherits: replace, parse: files;
        /// Listings leave out the files of this user (with `!`, those of all others). `~` is the user that is logged in.
        pub users: Vec<Owner> = HideUser "[!]user|~" in ANONYMOUS | DIRECTORY, inherits: append, parse: user;
        /// Listings leave out the files of this group (with `!`, those of all others). `~` is the primary group of the user that is
        /// logged in.
        pub groups: Vec<Owner> = HideGroup "[!]group|~" in ANONYMOUS | DIRECTORY, inherits: append, parse: group;
        /// Whether listings leave out files that the user may not read, and folders that the user may not enter.
        pub no_access: bool = HideNoAccess "on|off" in ANONYMOUS | DIRECTORY,
            inherits: replace, default: "off", parse: parse::on_off;
    }
}

directive! {
    /// Whether the section's commands treat what `HideFiles`, `HideUser`, `HideGroup` or `HideNoAccess` hides as if it did not
    /// exist.
    IgnoreHidden "on|off" in LIMIT, inherits: no, parse: parse::on_off
}

/// A user or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Owner {
    /// Its id; `None` for the logged-in user's.
    pub id: Option<u32>,
    /// Whether it means all others.
    pub others: bool,
}

impl Hidden {
    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.files.is_none() && self.users.is_empty() && self.groups.is_empty() && !self.no_access
    }
}

fn files(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [word] if word.eq_ignore_ascii_case("none") => Ok(Value::None),
        words => Pattern::parse_invertible(words),
    }
}

pub(super) fn user(words: &[&str]) -> Result<Value, ParseError> {
    owner(words, "user", |name| User::by_name(name).ok().flatten().map(|user| user.uid))
}

pub(super) fn group(words: &[&str]) -> Result<Value, ParseError> {
    owner(words, "group", |name| Group::by_name(name).ok().flatten().map(|group| group.gid))
}

fn owner(words: &[&str], what: &str, look_up: impl Fn(&str) -> Option<u32>) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    let (name, others) = word.strip_prefix('!').map_or((word, false), |name| (name, true));
    let id = match name {
        "~" => Value::None,
        name => {
            let id = look_up(name).or_else(|| name.parse().ok());
            Value::Int(
                id.ok_or_else(|| format!("unknown {what} '{name}': write a {what} of the system, or a number"))?.into(),
            )
        }
    };
    Ok(Value::map([("id", id), ("others", Value::Bool(others))]))
}
