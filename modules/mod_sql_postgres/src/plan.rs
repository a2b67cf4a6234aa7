//! A statement as PostgreSQL runs it. A variable in ProFTPD's statements is a quoted text, which
//! the server reads as whatever type its place asks for (`gid = '1000'`); a bound parameter has a
//! type. So the server first says the types of the places; parameters are bound as text and cast.

use gantry_api::service::{SqlStatement, SqlValue};
use gantry_database::placeholders;
use sqlx_core::Either;
use sqlx_core::error::Error;
use sqlx_core::executor::Executor;
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr};
use sqlx_core::statement::Statement;
use sqlx_core::type_info::TypeInfo;
use sqlx_postgres::{PgConnection, PgTypeInfo, PgTypeKind};

/// A statement with typed placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Its text.
    pub sql: String,
    /// What each parameter is bound as.
    pub parameters: Vec<Bound>,
}

/// What a parameter is bound as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// The type of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// The server infers it.
    Inferred,
    /// Nothing tells it: text.
    Any,
}

/// The first number of types that are not PostgreSQL's own.
const FIRST_OTHER: u32 = 16384;

impl Plan {
    /// Has the server compile a statement.
    pub(crate) async fn make(connection: &mut PgConnection, statement: &SqlStatement) -> Result<Self, Error> {
        let mut places = vec![Place::Inferred; statement.parameters.len()];
        let described = loop {
            let sql = placeholders(statement, |number, sql| {
                sql.push_str(&match places.get(number - 1) {
                    Some(Place::Any) => format!("CAST(${number} AS text)"),
                    _ => format!("${number}"),
                });
            })?;
            match connection.prepare(AssertSqlSafe(sql).into_sql_str()).await {
                Err(Error::Database(error)) if error.code().as_deref() == Some(INDETERMINATE) => {
                    // Each turn settles one more.
                    let place = number_in(error.message()).and_then(|number| places.get_mut(number.checked_sub(1)?));
                    match place {
                        Some(place) if *place == Place::Inferred => *place = Place::Any,
                        _ => return Err(Error::Database(error)),
                    }
                }
                described => break described?,
            }
        };
        let types: Vec<PgTypeInfo> = match described.parameters() {
            Some(Either::Left(types)) => types.to_vec(),
            _ => Vec::new(),
        };
        let cast = |number: usize| types.get(number - 1).map_or(Cast::Text, Cast::to);
        let bytes = |number: usize| matches!(statement.parameters.get(number - 1), Some(SqlValue::Bytes(_)));
        let sql = placeholders(statement, |number, sql| {
            sql.push_str(&match cast(number) {
                Cast::Text => format!("CAST(${number} AS text)"),
                Cast::Bytes if bytes(number) => format!("CAST(${number} AS bytea)"),
                Cast::Bytes => format!("CAST(CAST(${number} AS text) AS bytea)"),
                Cast::Other(name) => format!("CAST(CAST(${number} AS text) AS {name})"),
            });
        })?;
        let bound = |number| match cast(number) {
            Cast::Bytes if bytes(number) => Bound::Bytes,
            _ => Bound::Text,
        };
        Ok(Self { sql, parameters: (1..=statement.parameters.len()).map(bound).collect() })
    }
}

/// `indeterminate_datatype`.
const INDETERMINATE: &str = "42P18";

/// What a text is cast to.
#[derive(Debug, PartialEq, Eq)]
enum Cast {
    Text,
    Bytes,
    Other(String),
}

impl Cast {
    fn to(kind: &PgTypeInfo) -> Self {
        let name = kind.name();
        // A domain has the number of what it is made of.
        let is_other = kind.oid().is_some_and(|oid| oid.0 >= FIRST_OTHER);
        if is_other || matches!(kind.kind(), PgTypeKind::Domain(_)) {
            return Self::Other(format!("\"{}\"", name.replace('"', "\"\"")));
        }
        match name.to_ascii_lowercase().as_str() {
            "text" | "varchar" | "unknown" => Self::Text,
            "bytea" => Self::Bytes,
            "char" => Self::Other("bpchar".to_owned()),
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The number in a message such as `could not determine data type of parameter $2`, in any
/// language.
fn number_in(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once('$')?;
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_types_and_numbers() {
        assert_eq!(number_in("could not determine data type of parameter $12"), Some(12));
        assert_eq!((number_in("no number"), number_in("$")), (None, None));
        let type_of = |number| PgTypeInfo::with_oid(sqlx_postgres::types::Oid(number));
        assert_eq!(Cast::to(&type_of(FIRST_OTHER)), Cast::Other("\"?\"".to_owned()));
    }
}
