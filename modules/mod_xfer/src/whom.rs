//! The clients that a line of TransferRate, MaxStoreFileSize or MaxRetrieveFileSize
//! applies to: `user|group|class expression` after its other words.

use gantry_api::prelude::*;
use serde::{Deserialize, Deserializer};

/// A set of clients.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Whom {
    kind: Kind,
    /// Any of these, or with `!` anyone else.
    names: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    All,
    User,
    Group,
    Class,
}

/// The lines of a directive, section by section, outermost first.
#[derive(Debug)]
pub(crate) struct Sections<T>(Vec<Vec<T>>);

impl<T> Sections<T> {
    /// The line that counts: the first match in the innermost section with a match.
    pub(crate) fn innermost(&self, fits: impl Fn(&T) -> bool) -> Option<&T> {
        self.0.iter().rev().flatten().find(|line| fits(line))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sections<T> {
    fn deserialize<D: Deserializer<'de>>(sections: D) -> std::result::Result<Self, D::Error> {
        Vec::deserialize(sections).map(Self)
    }
}

impl Whom {
    /// Reads the words after the other words.
    pub(crate) fn read(words: &[&str]) -> std::result::Result<Value, ParseError> {
        let (kind, names) = match words {
            [] => ("all", Vec::new()),
            [kind, names] => (*kind, names.split(',').filter(|name| !name.is_empty()).collect()),
            _ => return Err("wrong number of parameters".into()),
        };
        let word = kind;
        let kind = word.to_ascii_lowercase();
        let names = match kind.as_str() {
            "all" if words.is_empty() => names,
            "user" | "group" | "class" if !names.is_empty() => names,
            "user" | "group" | "class" => return Err("expected one or more names".into()),
            _ => return Err(ParseError::new(format!("expected user, group or class, found '{word}'")).at(word)),
        };
        Ok(Value::map([("kind", kind.into()), ("names", Value::list(names))]))
    }

    /// Whether a session's client is in the set.
    pub(crate) fn includes(&self, session: &Session) -> bool {
        let account = session.account.as_deref();
        match self.kind {
            Kind::All => true,
            Kind::User => self.any(|name| account.is_some_and(|account| account.name == name)),
            Kind::Group => {
                let in_group =
                    |name: &str| account.is_some_and(|account| account.groups.iter().any(|group| group.name == name));
                self.any(in_group)
            }
            Kind::Class => self.any(|name| session.class.as_deref() == Some(name)),
        }
    }

    fn any(&self, has: impl Fn(&str) -> bool) -> bool {
        self.names.iter().any(|name| match name.strip_prefix('!') {
            Some(name) => !has(name),
            None => has(name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> std::result::Result<Whom, ParseError> {
        Whom::read(words).map(|value| value.extract().unwrap())
    }

    #[test]
    fn any_of_the_names_will_do() {
        let matches =
            |expression: &str, own: &[&str]| read(&["User", expression]).unwrap().any(|name| own.contains(&name));
        assert!(matches("alice,bob", &["bob"]) && !matches("alice,bob", &["carol"]));
        assert!(matches("!alice", &["bob"]) && !matches("!alice", &["alice"]));
        assert!(matches("!alice,!bob", &["alice"]));
        assert!(matches("blue,!red", &["red", "blue"]));
        assert_eq!(read(&[]).unwrap().kind, Kind::All);
    }

    #[test]
    fn what_is_no_classifier_is_refused() {
        for wrong in [&["all", "x"][..], &["user"], &["user", ","], &["users", "x"], &["user", "x", "y"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
