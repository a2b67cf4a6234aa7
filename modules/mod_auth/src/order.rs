//! AuthOrder: which authenticators are asked, and whose answer is final.

use std::sync::Arc;

use gantry_api::service::{Authenticator, Services};
use serde::{Deserialize, Deserializer};

/// One name of AuthOrder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    module: String,
    finality: Finality,
}

/// Whether to ask others after an authenticator that refused a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finality {
    /// Ask others.
    Open,
    /// Do not: its name is followed by `*`.
    Final,
}

/// An authenticator to ask.
pub(crate) struct Asked<'a> {
    /// Its module.
    pub(crate) name: &'a str,
    /// The authenticator.
    pub(crate) authenticator: &'a Arc<dyn Authenticator>,
    /// Whether its answer is final.
    pub(crate) finality: Finality,
}

/// The authenticators to ask, in order. Names in AuthOrder without an authenticator are skipped.
pub(crate) fn asked<'a>(order: &[Entry], services: &'a Services) -> Vec<Asked<'a>> {
    if order.is_empty() {
        let all = services.authenticators();
        return all.map(|(name, authenticator)| Asked { name, authenticator, finality: Finality::Open }).collect();
    }
    let find = |entry: &Entry| {
        let (name, authenticator) = services.authenticators().find(|(name, _)| entry.is(name))?;
        Some(Asked { name, authenticator, finality: entry.finality })
    };
    order.iter().filter_map(find).collect()
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
