//! Converts values and statements for SQLite, and rows from it.

use std::fmt::Write;

use gantry_api::service::{SqlStatement, SqlValue};
use sqlx_core::arguments::Arguments;
use sqlx_core::decode::Decode;
use sqlx_core::row::Row;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::value::ValueRef;
use sqlx_sqlite::{Sqlite, SqliteArguments, SqliteRow, SqliteValueRef};

use crate::error::SqliteError;

/// The statement's text, with `?1`, `?2`... for its parameters.
pub(crate) fn text(statement: &SqlStatement) -> Result<String, SqliteError> {
    let (pieces, parameters) = (statement.pieces.len(), statement.parameters.len());
    if pieces != parameters + 1 {
        return Err(SqliteError::Shape { pieces, parameters });
    }
    let mut sql = String::new();
    for (at, piece) in statement.pieces.iter().enumerate() {
        if at > 0 {
            // Writing to a String cannot fail.
            let _ = write!(sql, "?{at}");
        }
        sql.push_str(piece);
    }
    Ok(sql)
}

/// The parameters, as sqlx binds them.
pub(crate) fn arguments(parameters: &[SqlValue]) -> Result<SqliteArguments, SqliteError> {
    let mut arguments = SqliteArguments::default();
    for parameter in parameters {
        let added = match parameter {
            SqlValue::Null => arguments.add(None::<i64>),
            SqlValue::Int(number) => arguments.add(*number),
            SqlValue::Real(number) => arguments.add(*number),
            SqlValue::Text(text) => arguments.add(text.as_str()),
            SqlValue::Bytes(bytes) => arguments.add(bytes.as_slice()),
        };
        added.map_err(|error| SqliteError::Driver(error.to_string()))?;
    }
    Ok(arguments)
}

/// A row's values, each by its storage class in this row.
pub(crate) fn row(row: &SqliteRow) -> Result<Vec<SqlValue>, SqliteError> {
    (0..row.columns().len()).map(|at| value(row.try_get_raw(at)?)).collect()
}

fn value(raw: SqliteValueRef<'_>) -> Result<SqlValue, SqliteError> {
    if raw.is_null() {
        return Ok(SqlValue::Null);
    }
    // Text that is not UTF-8 stays bytes.
    match raw.type_info().name() {
        "INTEGER" => Ok(SqlValue::Int(decode(raw)?)),
        "REAL" => Ok(SqlValue::Real(decode(raw)?)),
        "TEXT" => {
            let bytes: Vec<u8> = decode(raw)?;
            Ok(String::from_utf8(bytes).map_or_else(|error| SqlValue::Bytes(error.into_bytes()), SqlValue::Text))
        }
        _ => Ok(SqlValue::Bytes(decode(raw)?)),
    }
}

fn decode<'r, T: Decode<'r, Sqlite>>(raw: SqliteValueRef<'r>) -> Result<T, SqliteError> {
    T::decode(raw).map_err(|error| SqliteError::Driver(error.to_string()))
}
