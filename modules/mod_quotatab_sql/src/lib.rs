//! mod_quotatab_sql: quota tables in an SQL database (doc/contrib/mod_quotatab_sql in ProFTPD's manual), by named
//! queries of mod_sql. mod_quotatab applies them; every value is bound, none becomes a statement's text.

mod queries;
mod rows;

use std::sync::Arc;

use gantry_api::prelude::*;
use gantry_api::service::SqlQueries;
use serde::Deserialize;

use queries::{LimitQueries, Queries, TallyQueries};

/// The module.
#[derive(Default)]
struct QuotatabSql;

// mod_sql is only needed where a table is its.
module! { QuotatabSql, settings: Settings, after: ["mod_sql"], before: ["mod_quotatab"] }

settings! {
    /// The settings of one scope: mod_quotatab's and mod_sql's.
    struct Settings {
        limits: Option<String> = QuotaLimitTable;
        tallies: Option<String> = QuotaTallyTable;
        queries: Option<Vec<QueryLine>> = SQLNamedQuery;
    }
}

/// What this module needs of a SQLNamedQuery line.
#[derive(Debug, Clone, Deserialize)]
struct QueryLine {
    name: String,
    kind: String,
}

/// What stands before the colon.
const NAME: &str = "sql";

#[async_trait]
impl Module for QuotatabSql {
    fn offers(_: &Scopes<'_>) -> Vec<Offer> {
        vec![Offer::QuotaSource(NAME.to_owned())]
    }

    fn check(check: &mut Check<'_>) {
        let has_sql = check.modules().any(|module| module == "mod_sql");
        for scope in check.scopes().servers::<Settings>() {
            let settings = scope.settings;
            let limits = of_sql(settings.limits.as_deref())
                .map(|info| ("QuotaLimitTable", info, LimitQueries::parse(info).map(|queries| queries.names())));
            let tallies = of_sql(settings.tallies.as_deref())
                .map(|info| ("QuotaTallyTable", info, TallyQueries::parse(info).map(|queries| queries.names())));
            for (directive, info, names) in limits.into_iter().chain(tallies) {
                let line = scope.line(directive);
                if !has_sql {
                    check.fault(line, "tables of kind sql need mod_sql").help("LoadModule mod_sql.c loads it");
                    continue;
                }
                let names = match names {
                    Ok(names) => names,
                    Err(error) => {
                        check.fault(line.at(info), error);
                        continue;
                    }
                };
                let there = || settings.queries.iter().flatten();
                for (name, wanted) in names {
                    let fits = |kind: &str| kind.eq_ignore_ascii_case(wanted) || kind.eq_ignore_ascii_case("FREEFORM");
                    match there().find(|query| query.name.eq_ignore_ascii_case(name)) {
                        Some(query) if fits(&query.kind) => {}
                        Some(query) => {
                            let text = format!("'{name}' is a query of type {}: {wanted} is needed here", query.kind);
                            check.fault(line.clone().at(name), text);
                        }
                        None if check.has_all("SQLNamedQuery") => {
                            let text = format!("no SQLNamedQuery has the name '{name}'");
                            let others = there().map(|query| query.name.clone());
                            check.fault(line.clone().at(name), text).suggest(name, others);
                        }
                        None => {}
                    }
                }
            }
        }
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let queries: Option<Arc<dyn SqlQueries>> = start.services().sql_queries().cloned();
        start.publish().quota_source(NAME, Queries { queries });
        Ok(())
    }
}

fn of_sql(table: Option<&str>) -> Option<&str> {
    let (kind, info) = table?.split_once(':')?;
    (kind == NAME).then_some(info)
}
