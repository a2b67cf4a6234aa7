//! A compiled query with its database, and what lookups of users and groups share: ids with their bounds.

use std::sync::Arc;

use gantry_api::service::{SqlRows, SqlStatement, SqlValue};
use gantry_api::{Error, Fault, Result, Trouble, log};
use gantry_format::Context;

use crate::journal::Journal;
use crate::link::{Link, Writes};
use crate::settings::Settings;
use crate::template::Template;
use crate::variables::Lookup;

/// A query and the database that it goes to.
#[derive(Clone)]
pub struct Query {
    /// The directive or named query that it comes from, for errors.
    pub origin: String,
    /// The query.
    pub template: Template,
    /// Its database.
    link: Link,
    journal: Arc<Journal>,
    trouble: Arc<Trouble>,
}

impl Query {
    /// A query that has not failed yet.
    pub fn new(origin: String, template: Template, link: Link, journal: Arc<Journal>) -> Self {
        Self { origin, template, link, journal, trouble: Arc::default() }
    }

    /// The statement for one occasion.
    pub fn fill(&self, context: &dyn Context) -> Result<SqlStatement> {
        self.template.fill(context).map_err(|error| Error::configuration(error.to_string()).context(&self.origin))
    }

    /// Looks up for a login, and gives the rows. Whoever asked logs an error.
    pub async fn look_up(&self, lookup: &Lookup<'_>) -> Result<Vec<Vec<SqlValue>>> {
        let statement = self.fill(lookup)?;
        let shown = self.journal.show(&statement);
        let answer = self.link.run(&statement).await;
        self.journal.answer(Some(lookup.request.session), &self.origin, shown, &answer);
        answer.map(|answer| answer.rows).map_err(|error| error.context(&self.origin))
    }

    /// Runs one of its statements for a session. An error is in the log.
    pub async fn run(&self, session: u64, statement: &SqlStatement) -> Result<SqlRows> {
        let shown = self.journal.show(statement);
        let answer = self.link.run(statement).await;
        self.answered(Some(session), shown, answer)
    }

    /// Runs a statement that must not be lost. An error is in the log.
    pub async fn write(&self, writes: &Writes, session: Option<u64>, statement: SqlStatement) -> Result<SqlRows> {
        let shown = self.journal.show(&statement);
        let answer = writes.run(&self.link, statement).await;
        self.answered(session, shown, answer)
    }

    fn answered(&self, session: Option<u64>, shown: Option<String>, answer: Result<SqlRows>) -> Result<SqlRows> {
        let origin = &self.origin;
        self.journal.answer(session, origin, shown, &answer);
        match &answer {
            Ok(_) => {
                if let Some(failures) = self.trouble.worked() {
                    log!(Info, "{origin}: works again after {failures} failures");
                }
            }
            Err(error) => match self.trouble.failed() {
                None => log!(Debug, "{origin}: {error}"),
                Some(0) => log!(Error, "{origin}: {error}"),
                Some(more) => log!(Error, "{origin}: {error} ({more} more failures in the meantime)"),
            },
        }
        answer.map_err(|error| error.context(origin))
    }

    /// Has the database compile it.
    ///
    /// # Errors
    /// The database refuses it. If the database cannot be asked now, that is only logged.
    pub async fn probe(&self) -> Result<()> {
        let Err(error) = self.link.check(&self.template.outline()).await else { return Ok(()) };
        if error.fault() == Fault::Configuration {
            return Err(error.context(format_args!("{}: the database says", self.origin)));
        }
        log!(Warn, "{}: the database could not check it: {error}", self.origin);
        Ok(())
    }
}

/// The bounds of one kind of id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// In place of one that is absent or too low.
    pub default: u32,
    /// The lowest one.
    pub lowest: u32,
}

impl Ids {
    /// Those of users and of groups.
    pub fn of(settings: &Settings) -> (Self, Self) {
        let uids = Self { default: settings.default_uid, lowest: settings.min_uid.unwrap_or(settings.min_id) };
        let gids = Self { default: settings.default_gid, lowest: settings.min_gid.unwrap_or(settings.min_id) };
        (uids, gids)
    }

    /// The id that a value stands for; none where it is no id at all.
    pub fn of_value(self, value: SqlValue) -> Option<u32> {
        if value == SqlValue::Null {
            return Some(self.default);
        }
        id(&value).map(|id| if id < self.lowest { self.default } else { id })
    }
}

/// A database's value as an id. What is not a number never becomes 0, which
/// would be root; the highest one means 'none' to the system.
pub fn id(value: &SqlValue) -> Option<u32> {
    let id = match value {
        SqlValue::Int(number) => u32::try_from(*number).ok(),
        SqlValue::Text(text) if text.bytes().all(|digit| digit.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    id.filter(|id| *id < u32::MAX)
}

/// A where clause behind a condition.
pub fn and(clause: &Option<String>) -> String {
    clause.as_ref().map_or_else(String::new, |clause| format!(" AND ({clause})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_within_their_bounds() {
        let ids = Ids { default: 65533, lowest: 999 };
        let text = |text: &str| SqlValue::Text(text.to_owned());
        for (value, wanted) in [
            (SqlValue::Int(1000), Some(1000)),
            (SqlValue::Int(999), Some(999)),
            (SqlValue::Int(0), Some(65533)),
            (SqlValue::Null, Some(65533)),
            (text("1001"), Some(1001)),
            (text("root"), None),
            (text(""), None),
            (text("+5"), None),
            (SqlValue::Int(-1), None),
            (SqlValue::Int(4_294_967_295), None),
            (SqlValue::Int(4_294_968_296), None),
            (SqlValue::Real(1000.0), None),
        ] {
            assert_eq!(ids.of_value(value.clone()), wanted, "{value:?}");
        }
    }
}
