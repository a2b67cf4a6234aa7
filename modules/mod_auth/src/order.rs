//! AuthOrder: which authenticators and judges of passwords are asked, and which answers are final.

use std::sync::Arc;

use gantry_api::log;
use gantry_api::service::{Authenticator, PasswordJudge, Services};
use serde::{Deserialize, Deserializer};

/// One name of AuthOrder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    module: String,
    finality: Finality,
}

/// Whether to ask others after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finality {
    /// Ask others.
    Open,
    /// Do not: its name is followed by `*`.
    Final,
}

/// A module to ask.
pub(crate) struct Judge<'a> {
    /// Its module.
    pub(crate) name: &'a str,
    /// What to ask it.
    pub(crate) who: Who<'a>,
    /// Whether its answer is final.
    pub(crate) finality: Finality,
}

/// What a module can tell.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// Who a user is, and whether a password is right.
    Knows(&'a Arc<dyn Authenticator>),
    /// Whether a password is right, for a user whom another module knows.
    Judges(&'a Arc<dyn PasswordJudge>),
}

/// The modules to ask, in order. Names in AuthOrder that are not loaded are skipped; if their
/// answer would be final, the list ends there.
pub(crate) fn asked<'a>(order: &[Entry], services: &'a Services) -> Vec<Judge<'a>> {
    let find = |wanted: &str, finality| {
        let is_wanted = |name: &str| name.eq_ignore_ascii_case(wanted);
        let mut knowing = services.authenticators().map(|(name, found)| (name, Who::Knows(found)));
        let mut judging = services.password_judges().map(|(name, found)| (name, Who::Judges(found)));
        let found = knowing.find(|(name, _)| is_wanted(name)).or_else(|| judging.find(|(name, _)| is_wanted(name)));
        found.map(|(name, who)| Judge { name, who, finality })
    };
    match order.is_empty() {
        true => services.login_names().filter_map(|name| find(name, Finality::Open)).collect(),
        false => {
            let found = order.iter().map(|entry| (entry, find(&entry.module, entry.finality)));
            let ends = |(entry, found): &(&Entry, Option<Judge<'_>>)| {
                let ends = found.is_none() && entry.finality == Finality::Final;
                if ends {
                    log!(Warn, "AuthOrder: {0}* is not loaded, so no module after it is asked", entry.module);
                }
                ends
            };
            found.take_while(|place| !ends(place)).filter_map(|(_, found)| found).collect()
        }
    }
}

/// Whether the system's own users count: no AuthOrder leaves them out.
pub(crate) fn asks_system(order: &[Entry]) -> bool {
    order.is_empty() || order.iter().any(Entry::is_system)
}

impl Entry {
    /// The module's name.
    pub(crate) fn module(&self) -> &str {
        &self.module
    }

    /// Whether it names a module.
    pub(crate) fn is(&self, module: &str) -> bool {
        self.module.eq_ignore_ascii_case(module)
    }

    /// Whether no other is asked after it.
    pub(crate) fn is_final(&self) -> bool {
        self.finality == Finality::Final
    }

    /// Whether it names the system's own users.
    pub(crate) fn is_system(&self) -> bool {
        self.is("mod_auth_unix")
    }

    /// `mod_sql.c*`, `mod_sql*`, `mod_sql.c` or `mod_sql`.
    fn parse(word: &str) -> Self {
        let (word, finality) = match word.strip_suffix('*') {
            Some(word) => (word, Finality::Final),
            None => (word, Finality::Open),
        };
        Self { module: word.strip_suffix(".c").unwrap_or(word).to_owned(), finality }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_several_forms() {
        for (word, finality) in [
            ("mod_sql", Finality::Open),
            ("mod_sql.c", Finality::Open),
            ("mod_sql*", Finality::Final),
            ("mod_sql.c*", Finality::Final),
        ] {
            assert_eq!(Entry::parse(word), Entry { module: "mod_sql".to_owned(), finality });
        }
    }
}
