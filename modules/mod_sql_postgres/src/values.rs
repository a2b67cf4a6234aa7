//! Converts values for PostgreSQL, and rows from it. sqlx asks for the binary form of results, so
//! each type has its own here; a column of any other type is an error that says how to write it.

use std::net::{Ipv4Addr, Ipv6Addr};

use gantry_api::service::SqlValue;
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Span};
use sqlx_core::arguments::Arguments;
use sqlx_core::column::Column;
use sqlx_core::error::Error;
use sqlx_core::row::Row;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::value::ValueRef;
use sqlx_postgres::{PgArguments, PgRow, PgValueFormat};

use crate::plan::{Bound, Plan};

/// The parameters, as sqlx binds them.
pub(crate) fn arguments(parameters: &[SqlValue], plan: &Plan) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for (parameter, bound) in parameters.iter().zip(&plan.parameters) {
        let added = match bound {
            Bound::Bytes => Arguments::add(&mut arguments, bytes(parameter)),
            Bound::Text => Arguments::add(&mut arguments, text(parameter)),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

/// As text. PostgreSQL's texts have no NUL; it becomes U+FFFD, as bytes that are not UTF-8 do.
fn text(value: &SqlValue) -> Option<String> {
    let text = value.clone().into_text()?;
    Some(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text })
}

fn bytes(value: &SqlValue) -> Option<Vec<u8>> {
    match value {
        SqlValue::Bytes(bytes) => Some(bytes.clone()),
        other => other.clone().into_text().map(String::into_bytes),
    }
}

/// A row's values.
pub(crate) fn row(row: &PgRow) -> Result<Vec<SqlValue>, Error> {
    let value = |(at, column): (usize, &sqlx_postgres::PgColumn)| {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(SqlValue::Null);
        }
        let bytes = raw.as_bytes().map_err(Error::Decode)?;
        let kind = column.type_info().name();
        let found = match raw.format() {
            PgValueFormat::Text => Some(utf8(bytes)),
            PgValueFormat::Binary => decoded(kind, bytes),
        };
        found.ok_or_else(|| {
            let name = column.name();
            Error::Decode(format!("column '{name}' has the type {kind}: write CAST({name} AS text)").into())
        })
    };
    row.columns().iter().enumerate().map(value).collect()
}

/// Text, or bytes that are not UTF-8.
fn utf8(bytes: &[u8]) -> SqlValue {
    String::from_utf8(bytes.to_vec()).map_or_else(|error| SqlValue::Bytes(error.into_bytes()), SqlValue::Text)
}

/// A value from its binary form (the server's `typsend` functions).
fn decoded(kind: &str, bytes: &[u8]) -> Option<SqlValue> {
    let int = |number: i64| Some(SqlValue::Int(number));
    Some(match kind {
        "BOOL" => return int((*bytes.first()?).into()),
        "INT2" => return int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        "INT4" => return int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        "INT8" => return int(i64::from_be_bytes(bytes.try_into().ok()?)),
        "OID" => return int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        "FLOAT4" => SqlValue::Real(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        "FLOAT8" => SqlValue::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
        "NUMERIC" => SqlValue::Text(numeric(bytes)?),
        "BYTEA" => SqlValue::Bytes(bytes.to_vec()),
        // Its binary form begins with a version.
        "JSONB" => utf8(bytes.strip_prefix(&[1])?),
        "UUID" => SqlValue::Text(uuid(bytes)?),
        "INET" | "CIDR" => SqlValue::Text(address(bytes)?),
        "DATE" => SqlValue::Text(date(i32::from_be_bytes(bytes.try_into().ok()?))?.to_string()),
        "TIME" => SqlValue::Text(shown_time(i64::from_be_bytes(bytes.try_into().ok()?))?),
        "TIMESTAMP" => SqlValue::Text(moment(i64::from_be_bytes(bytes.try_into().ok()?))?),
        "TIMESTAMPTZ" => SqlValue::Text(format!("{}+00", moment(i64::from_be_bytes(bytes.try_into().ok()?))?)),
        "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "UNKNOWN" | "JSON" | "XML" => utf8(bytes),
        // Enumerations, citext and domains are sent as their text; others are not told apart from
        // here, and what is no text is refused.
        other if is_custom(other) => match utf8(bytes) {
            SqlValue::Text(text) if !text.contains(char::is_control) => SqlValue::Text(text),
            _ => return None,
        },
        _ => return None,
    })
}

/// Names of PostgreSQL's own types are in capitals.
fn is_custom(kind: &str) -> bool {
    kind.bytes().any(|letter| letter.is_ascii_lowercase())
}

/// Digits in base 10000: their count, the weight of the first, the sign, the digits after the
/// point, then the digits.
fn numeric(bytes: &[u8]) -> Option<String> {
    let word = |at: usize| Some(i16::from_be_bytes(bytes.get(at * 2..at * 2 + 2)?.try_into().ok()?));
    let (count, weight, sign, scale) = (word(0)?, word(1)?, word(2)?, word(3)?);
    let sign = match sign {
        0 => "",
        0x4000 => "-",
        _ => return Some("NaN".to_owned()),
    };
    let digit = |place: i32| match place {
        place if (0..i32::from(count)).contains(&place) => word(usize::try_from(place).ok()? + 4),
        _ => Some(0),
    };
    let mut text = sign.to_owned();
    for place in 0..=i32::from(weight).max(0) {
        let place_of = place + i32::from(weight).min(0);
        let digit = digit(place_of)?;
        text += &if place == 0 { format!("{digit}") } else { format!("{digit:04}") };
    }
    if scale > 0 {
        let mut fraction = String::new();
        let mut place = i32::from(weight) + 1;
        while fraction.len() < usize::try_from(scale).ok()? {
            fraction += &format!("{:04}", digit(place)?);
            place += 1;
        }
        fraction.truncate(usize::try_from(scale).ok()?);
        text = format!("{text}.{fraction}");
    }
    Some(text)
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Some(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

/// A family, the bits of the mask, whether it is a CIDR, a length, the bytes.
fn address(bytes: &[u8]) -> Option<String> {
    let [_, bits, is_cidr, _, rest @ ..] = bytes else { return None };
    let (address, most) = match rest.len() {
        4 => (Ipv4Addr::from(<[u8; 4]>::try_from(rest).ok()?).to_string(), 32),
        16 => (Ipv6Addr::from(<[u8; 16]>::try_from(rest).ok()?).to_string(), 128),
        _ => return None,
    };
    Some(if *is_cidr != 0 || *bits != most { format!("{address}/{bits}") } else { address })
}

/// Days since 2000.
fn date(days: i32) -> Option<Date> {
    Date::constant(2000, 1, 1).checked_add(Span::new().try_days(days).ok()?).ok()
}

/// Microseconds since 2000.
fn moment(micros: i64) -> Option<String> {
    let moment = DateTime::constant(2000, 1, 1, 0, 0, 0, 0).checked_add(SignedDuration::from_micros(micros)).ok()?;
    Some(format!("{} {}", moment.date(), shown(moment.time())))
}

/// Microseconds since midnight; 24:00 is its end.
fn shown_time(micros: i64) -> Option<String> {
    if micros == 86_400_000_000 {
        return Some("24:00:00".to_owned());
    }
    Time::midnight().checked_add(SignedDuration::from_micros(micros)).ok().map(shown)
}

fn shown(time: Time) -> String {
    let text = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    match time.subsec_nanosecond() / 1000 {
        0 => text,
        micros => format!("{text}.{micros:06}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_are_as_the_server_writes_them() {
        for (found, wanted) in [
            (&[0, 0, 0, 0][..], "0"),
            (&[1, 0, 0, 0, 1000], "1000"),
            (&[2, 1, 0, 2, 1, 2345], "12345.00"),
            (&[1, 1, 0, 0, 5], "50000"),
            (&[2, 0, 0x4000, 2, 1, 5000], "-1.50"),
            (&[1, -1, 0, 4, 25], "0.0025"),
            (&[1, -2, 0, 8, 25], "0.00000025"),
            (&[0, 0, -0x4000, 0], "NaN"),
        ] {
            assert_eq!(numeric(&words(found)).as_deref(), Some(wanted));
        }
        assert_eq!((numeric(&[]), numeric(&words(&[5, 0, 0, 0]))), (None, None));
    }

    #[test]
    fn binary_values_become_text_or_numbers() {
        let text = |found: &str| Some(SqlValue::Text(found.to_owned()));
        assert_eq!(decoded("INT4", &1000_i32.to_be_bytes()), Some(SqlValue::Int(1000)));
        assert_eq!(decoded("INT4", &[1]), None);
        assert_eq!(decoded("BOOL", &[1]), Some(SqlValue::Int(1)));
        assert_eq!(decoded("DATE", &9_828_i32.to_be_bytes()), text("2026-11-28"));
        assert_eq!(decoded("TIMESTAMP", &1_500_000_i64.to_be_bytes()), text("2000-01-01 00:00:01.5"));
        assert_eq!(decoded("TIMESTAMP", &i64::MAX.to_be_bytes()), None);
        assert_eq!(decoded("TIME", &86_400_000_000_i64.to_be_bytes()), text("24:00:00"));
        assert_eq!(decoded("INET", &[2, 32, 0, 4, 127, 0, 0, 1]), text("127.0.0.1"));
        assert_eq!(decoded("CIDR", &[2, 8, 1, 4, 10, 0, 0, 0]), text("10.0.0.0/8"));
        assert_eq!(decoded("UUID", &[0x11; 16]), text("11111111-1111-1111-1111-111111111111"));
        assert_eq!(decoded("JSONB", b"\x01{}"), text("{}"));
        assert_eq!(decoded("citext", b"alice"), text("alice"));
        assert_eq!((decoded("hstore", &[0, 0, 0, 1]), decoded("POINT", &[0; 16])), (None, None));
        assert_eq!(decoded("TEXT", b"\xff"), Some(SqlValue::Bytes(vec![0xff])));
    }

    #[test]
    fn texts_have_no_nul() {
        assert_eq!(text(&SqlValue::Text("a\0b".to_owned())).unwrap(), "a\u{fffd}b");
        assert_eq!(text(&SqlValue::Int(5)).unwrap(), "5");
        assert_eq!(text(&SqlValue::Null), None);
    }
}
