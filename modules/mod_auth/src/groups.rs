//! Group expressions of DefaultRoot and DefaultChdir: `staff,!guests`.

use gantry_api::{Account, ParseError};
use serde::{Deserialize, Deserializer, de};

/// Group names: an account must be in all of them, but in none with a `!`. An empty list matches everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GroupExpression {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    In(String),
    NotIn(String),
}

impl GroupExpression {
    /// Reads an expression; the error says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let terms = text.split(',').map(|term| match term.trim().strip_prefix('!') {
            Some(name) => named(name).map(Term::NotIn),
            None => named(term.trim()).map(Term::In),
        });
        let terms = terms
            .collect::<Option<_>>()
            .ok_or_else(|| ParseError::of(text, "is not a group expression: a name is missing"))?;
        Ok(Self { terms })
    }

    /// Whether the account matches.
    pub(crate) fn fits(&self, account: &Account) -> bool {
        let is_in = |name: &str| account.groups.iter().any(|group| group.name == name);
        self.terms.iter().all(|term| match term {
            Term::In(name) => is_in(name),
            Term::NotIn(name) => !is_in(name),
        })
    }
}

impl<'de> Deserialize<'de> for GroupExpression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn named(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use gantry_api::Group;

    use super::*;

    #[test]
    fn all_terms_must_fit() {
        let groups = ["staff", "web"].map(|name| Group { name: name.to_owned(), gid: 1 });
        let account = Account {
            name: "ann".into(),
            uid: 1,
            gid: 1,
            groups: groups.to_vec(),
            home: "/".into(),
            shell: String::new(),
            secret: None,
        };
        for (expression, fits) in [
            ("", true),
            ("staff", true),
            ("staff,web", true),
            ("staff, !guests", true),
            ("guests", false),
            ("staff,guests", false),
            ("!staff", false),
            ("!guests", true),
        ] {
            assert_eq!(GroupExpression::parse(expression).unwrap().fits(&account), fits, "{expression}");
        }
    }

    #[test]
    fn a_name_must_not_be_missing() {
        for bad in [",", "a,", "!", "a,,b", "!,a"] {
            assert!(GroupExpression::parse(bad).is_err(), "{bad}");
        }
    }
}
