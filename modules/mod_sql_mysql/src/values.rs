//! Converts values for MySQL, and rows from it.

use gantry_api::service::SqlValue;
use sqlx_core::arguments::Arguments;
use sqlx_core::decode::Decode;
use sqlx_core::error::Error;
use sqlx_core::row::Row;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::value::ValueRef;
use sqlx_mysql::{MySqlArguments, MySqlRow, MySqlValueRef};

/// The parameters, as sqlx binds them.
pub(crate) fn arguments(parameters: &[SqlValue]) -> Result<MySqlArguments, Error> {
    let mut arguments = MySqlArguments::default();
    for parameter in parameters {
        let added = match parameter {
            SqlValue::Null => arguments.add(None::<i64>),
            SqlValue::Int(number) => arguments.add(*number),
            SqlValue::Real(number) => arguments.add(*number),
            SqlValue::Text(text) => arguments.add(text.as_str()),
            SqlValue::Bytes(bytes) => arguments.add(bytes.as_slice()),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

/// A row's values.
pub(crate) fn row(row: &MySqlRow) -> Result<Vec<SqlValue>, Error> {
    (0..row.columns().len()).map(|at| value(row.try_get_raw(at)?)).collect()
}

fn value(raw: MySqlValueRef<'_>) -> Result<SqlValue, Error> {
    if raw.is_null() {
        return Ok(SqlValue::Null);
    }
    let kind = raw.type_info().name().to_owned();
    // Without a look at the type, so these are the protocol's bytes.
    let bytes = <&[u8]>::decode(raw).map_err(Error::Decode)?;
    let wrong = || Error::Decode(format!("a value of the type {kind} has {} bytes", bytes.len()).into());
    match kind.as_str() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => signed(bytes).ok_or_else(wrong),
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED"
        | "YEAR" => unsigned(bytes.iter().rev()).ok_or_else(wrong),
        "BIT" => unsigned(bytes.iter()).ok_or_else(wrong),
        "FLOAT" => bytes.try_into().map(|bytes| SqlValue::Real(f32::from_le_bytes(bytes).into())).map_err(|_| wrong()),
        "DOUBLE" => bytes.try_into().map(|bytes| SqlValue::Real(f64::from_le_bytes(bytes))).map_err(|_| wrong()),
        "DATE" => moment(bytes, false).map(SqlValue::Text).ok_or_else(wrong),
        "DATETIME" | "TIMESTAMP" => moment(bytes, true).map(SqlValue::Text).ok_or_else(wrong),
        "TIME" => time(bytes).map(SqlValue::Text).ok_or_else(wrong),
        // Text, numbers in decimals, JSON; what is not UTF-8 stays bytes.
        _ => {
            Ok(String::from_utf8(bytes.to_vec())
                .map_or_else(|error| SqlValue::Bytes(error.into_bytes()), SqlValue::Text))
        }
    }
}

/// A number of 1, 2, 4 or 8 bytes, the lowest one first.
fn signed(bytes: &[u8]) -> Option<SqlValue> {
    let number = match bytes.len() {
        1 => i8::from_le_bytes(bytes.try_into().ok()?).into(),
        2 => i16::from_le_bytes(bytes.try_into().ok()?).into(),
        4 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
        _ => i64::from_le_bytes(bytes.try_into().ok()?),
    };
    Some(SqlValue::Int(number))
}

/// A number, the highest byte first; one that is too large becomes text.
fn unsigned<'b>(bytes: impl ExactSizeIterator<Item = &'b u8>) -> Option<SqlValue> {
    if bytes.len() > 8 {
        return None;
    }
    let number = bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Some(i64::try_from(number).map_or_else(|_| SqlValue::Text(number.to_string()), SqlValue::Int))
}

/// A date, or a date with a time: a length, year, month, day, hour, minute, second, microseconds.
fn moment(bytes: &[u8], with_time: bool) -> Option<String> {
    let (_, fields) = bytes.split_first()?;
    let at = |place: usize| fields.get(place).copied().unwrap_or(0);
    let date = format!("{:04}-{:02}-{:02}", u16::from_le_bytes([at(0), at(1)]), at(2), at(3));
    Some(match with_time {
        true => format!("{date} {:02}:{:02}:{:02}{}", at(4), at(5), at(6), fraction(fields.get(7..))),
        false => date,
    })
}

/// A time: a length, whether it is negative, days, hours, minutes, seconds, microseconds.
fn time(bytes: &[u8]) -> Option<String> {
    let (_, fields) = bytes.split_first()?;
    let at = |place: usize| fields.get(place).copied().unwrap_or(0);
    let sign = if at(0) == 0 { "" } else { "-" };
    let days = u32::from_le_bytes([at(1), at(2), at(3), at(4)]);
    let hours = u64::from(days) * 24 + u64::from(at(5));
    Some(format!("{sign}{hours:02}:{:02}:{:02}{}", at(6), at(7), fraction(fields.get(8..))))
}

fn fraction(bytes: Option<&[u8]>) -> String {
    let micros = bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    if micros == 0 { String::new() } else { format!(".{micros:06}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocols_bytes_become_values() {
        assert_eq!(signed(&[0xff]), Some(SqlValue::Int(-1)));
        assert_eq!(signed(&[0xe8, 3, 0, 0]), Some(SqlValue::Int(1000)));
        assert_eq!(signed(&[0; 3]), None);
        assert_eq!(unsigned([0xff, 0xff].iter()), Some(SqlValue::Int(65535)));
        assert_eq!(unsigned([0xff; 8].iter()), Some(SqlValue::Text(u64::MAX.to_string())));
        assert_eq!(unsigned([0; 9].iter()), None);
        assert_eq!(moment(&[4, 0xea, 7, 11, 28], false).unwrap(), "2026-11-28");
        assert_eq!(moment(&[4, 0xea, 7, 11, 28], true).unwrap(), "2026-11-28 00:00:00");
        assert_eq!(moment(&[7, 0xea, 7, 11, 28, 15, 4, 5], true).unwrap(), "2026-11-28 15:04:05");
        assert_eq!(time(&[12, 1, 1, 0, 0, 0, 2, 3, 4, 5, 0, 0, 0]).unwrap(), "-26:03:04.000005");
        assert_eq!((time(&[0]).unwrap(), moment(&[], true)), ("00:00:00".to_owned(), None));
    }
}
