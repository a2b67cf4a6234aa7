//! The named queries that a table's directive names, and what is bound to their variables.

use std::sync::Arc;

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaSource, QuotaSubject, QuotaTable};
use gantry_api::service::{SqlQueries, SqlRows};

use crate::rows;

/// Reads and writes tables by mod_sql.
pub(crate) struct Queries {
    /// None where there is no mod_sql.
    pub(crate) queries: Option<Arc<dyn SqlQueries>>,
}

/// The query of `sql:/SELECT`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LimitQueries<'a> {
    select: &'a str,
}

/// The queries of `sql:/SELECT/UPDATE/INSERT`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TallyQueries<'a> {
    select: &'a str,
    update: &'a str,
    insert: &'a str,
}

impl<'a> LimitQueries<'a> {
    /// Reads what follows the colon.
    pub(crate) fn parse(info: &'a str) -> Result<Self, String> {
        match parts(info)[..] {
            [select] if !select.is_empty() => Ok(Self { select }),
            _ => Err("sql: is followed by /SELECT-SQLNamedQuery".to_owned()),
        }
    }

    /// The queries, each with its type.
    pub(crate) fn names(&self) -> Vec<(&'a str, &'static str)> {
        vec![(self.select, "SELECT")]
    }
}

impl<'a> TallyQueries<'a> {
    /// Reads what follows the colon.
    pub(crate) fn parse(info: &'a str) -> Result<Self, String> {
        match parts(info)[..] {
            [select, update, insert] if ![select, update, insert].contains(&"") => Ok(Self { select, update, insert }),
            _ => Err("sql: is followed by /SELECT-SQLNamedQuery/UPDATE-SQLNamedQuery/INSERT-SQLNamedQuery".to_owned()),
        }
    }

    /// The queries, each with its type.
    pub(crate) fn names(&self) -> Vec<(&'a str, &'static str)> {
        vec![(self.select, "SELECT"), (self.update, "UPDATE"), (self.insert, "INSERT")]
    }
}

/// The names between the slashes; none without a slash at the beginning.
fn parts(info: &str) -> Vec<&str> {
    info.strip_prefix('/').map(|names| names.split('/').collect()).unwrap_or_default()
}

impl Queries {
    async fn run(&self, table: &QuotaTable, query: &str, values: &[String]) -> Result<SqlRows> {
        let Some(queries) = &self.queries else { return Err(Error::configuration("mod_sql is not loaded")) };
        queries.run(table.server, query, values).await
    }

    async fn select(&self, table: &QuotaTable, query: &str, subject: &QuotaSubject) -> Result<SqlRows> {
        self.run(table, query, &[subject.name.clone(), subject.kind.word().to_owned()]).await
    }

    async fn used(
        &self,
        table: &QuotaTable,
        queries: &TallyQueries<'_>,
        subject: &QuotaSubject,
    ) -> Result<Option<QuotaNumbers>> {
        let found = self.select(table, queries.select, subject).await?;
        rows::tally(&found).map_err(|error| error.context(queries.select))
    }

    async fn insert(&self, table: &QuotaTable, queries: &TallyQueries<'_>, subject: &QuotaSubject) -> Result<()> {
        let mut values = vec![subject.name.clone(), subject.kind.word().to_owned()];
        values.extend(numbers(&QuotaNumbers::default()));
        let inserted = self.run(table, queries.insert, &values).await;
        match inserted {
            Ok(_) => Ok(()),
            // Somebody else may have been quicker.
            Err(error) => match self.used(table, queries, subject).await {
                Ok(Some(_)) => Ok(()),
                _ => Err(error),
            },
        }
    }

    async fn update(
        &self,
        table: &QuotaTable,
        queries: &TallyQueries<'_>,
        subject: &QuotaSubject,
        change: &QuotaNumbers,
    ) -> Result<u64> {
        let mut values = numbers(change);
        values.extend([subject.name.clone(), subject.kind.word().to_owned()]);
        Ok(self.run(table, queries.update, &values).await?.affected)
    }
}

#[async_trait]
impl QuotaSource for Queries {
    async fn limit(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaLimit>> {
        let queries = LimitQueries::parse(&table.info).map_err(Error::configuration)?;
        let found = self.select(table, queries.select, subject).await?;
        rows::limit(&found).map_err(|error| error.context(queries.select))
    }

    async fn tally(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaNumbers>> {
        let queries = TallyQueries::parse(&table.info).map_err(Error::configuration)?;
        self.used(table, &queries, subject).await
    }

    async fn create_tally(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<()> {
        let queries = TallyQueries::parse(&table.info).map_err(Error::configuration)?;
        match self.used(table, &queries, subject).await? {
            Some(_) => Ok(()),
            None => self.insert(table, &queries, subject).await,
        }
    }

    async fn add(&self, table: &QuotaTable, subject: &QuotaSubject, change: &QuotaNumbers) -> Result<()> {
        let queries = TallyQueries::parse(&table.info).map_err(Error::configuration)?;
        // A FREEFORM query may change a row and not say so. So the row itself says whether it is there.
        if self.update(table, &queries, subject, change).await? > 0
            || self.used(table, &queries, subject).await?.is_some()
        {
            return Ok(());
        }
        self.insert(table, &queries, subject).await?;
        match self.update(table, &queries, subject, change).await? {
            0 => Err(Error::system(format!("{} changes no row", queries.update))),
            _ => Ok(()),
        }
    }
}

/// In the order of the manual.
fn numbers(numbers: &QuotaNumbers) -> Vec<String> {
    let QuotaNumbers { bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer } = numbers;
    [bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer].map(ToString::to_string).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_name_their_queries() {
        assert_eq!(LimitQueries::parse("/a"), Ok(LimitQueries { select: "a" }));
        let tally = TallyQueries::parse("/a/b/c").unwrap();
        assert_eq!(tally.names(), [("a", "SELECT"), ("b", "UPDATE"), ("c", "INSERT")]);
        for wrong in ["", "a", "/", "/a/b"] {
            assert!(LimitQueries::parse(wrong).is_err() && TallyQueries::parse(wrong).is_err(), "{wrong}");
        }
        assert!(TallyQueries::parse("/a//c").is_err() && TallyQueries::parse("/a/b/c/d").is_err());
    }
}
