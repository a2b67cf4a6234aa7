//! Rows to limits and tallies. What cannot be understood is an error, and never no limit.

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaStrictness};
use gantry_api::service::{SqlRows, SqlValue};

/// The first row of a limit: name, type, per session, strictness, six numbers.
pub(crate) fn limit(rows: &SqlRows) -> Result<Option<QuotaLimit>> {
    let Some(row) = rows.rows.first() else { return Ok(None) };
    let [_, _, per_session, strictness, most @ ..] = &row[..] else { return Err(columns(row, 10)) };
    let most = numbers(most).ok_or_else(|| columns(row, 10))??;
    let per_session = truth(per_session).ok_or_else(|| wrong("per session", per_session))?;
    let strictness = match text(strictness).map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("hard") => QuotaStrictness::Hard,
        Some("soft") => QuotaStrictness::Soft,
        _ => return Err(wrong("the limit's type", strictness)),
    };
    Ok(Some(QuotaLimit { per_session, strictness, most }))
}

/// The first row of a tally: name, type, six numbers.
pub(crate) fn tally(rows: &SqlRows) -> Result<Option<QuotaNumbers>> {
    let Some(row) = rows.rows.first() else { return Ok(None) };
    let [_, _, used @ ..] = &row[..] else { return Err(columns(row, 8)) };
    numbers(used).ok_or_else(|| columns(row, 8))?.map(Some)
}

fn columns(row: &[SqlValue], wanted: usize) -> Error {
    Error::system(format!("it returns {} columns, not {wanted}", row.len()))
}

fn wrong(what: &str, value: &SqlValue) -> Error {
    Error::system(format!("{what} cannot be {value:?}"))
}

/// None if there are not six.
fn numbers(values: &[SqlValue]) -> Option<Result<QuotaNumbers>> {
    let [bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer] = values else { return None };
    let read = || {
        Ok(QuotaNumbers {
            bytes_in: number(bytes_in)?,
            bytes_out: number(bytes_out)?,
            bytes_xfer: number(bytes_xfer)?,
            files_in: number(files_in)?,
            files_out: number(files_out)?,
            files_xfer: number(files_xfer)?,
        })
    };
    Some(read())
}

/// A whole number. A fraction counts as a whole byte, or a limit of less than one would be none.
fn number(value: &SqlValue) -> Result<i64> {
    let read = match value {
        SqlValue::Int(number) => return Ok(*number),
        SqlValue::Real(number) => Some(*number),
        _ => text(value).and_then(|text| text.trim().parse().ok()),
    };
    let number: f64 = read.filter(|number: &f64| number.is_finite()).ok_or_else(|| wrong("a number", value))?;
    // Such a conversion ends at the type's least and greatest number.
    Ok(number.ceil() as i64)
}

fn truth(value: &SqlValue) -> Option<bool> {
    match value {
        SqlValue::Int(number) => Some(*number != 0),
        _ => match text(value)?.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "on" => Some(true),
            "false" | "f" | "0" | "no" | "off" => Some(false),
            _ => None,
        },
    }
}

fn text(value: &SqlValue) -> Option<&str> {
    match value {
        SqlValue::Text(text) => Some(text),
        SqlValue::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[SqlValue]) -> SqlRows {
        SqlRows { rows: vec![values.to_vec()], affected: 0 }
    }

    fn word(text: &str) -> SqlValue {
        SqlValue::Text(text.to_owned())
    }

    fn row(per_session: SqlValue, strictness: &str, bytes_in: SqlValue) -> SqlRows {
        let mut row = vec![word("joe"), word("user"), per_session, word(strictness), bytes_in];
        row.extend([SqlValue::Int(0), word("2.5"), SqlValue::Real(3.0), SqlValue::Bytes(b"4".to_vec()), word("-1")]);
        rows(&row)
    }

    #[test]
    fn databases_write_numbers_and_words_in_many_ways() {
        let found = limit(&row(word("true"), "Hard", SqlValue::Real(1e6))).unwrap().unwrap();
        assert!(found.per_session && found.strictness == QuotaStrictness::Hard);
        let QuotaNumbers { bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer } = found.most;
        assert_eq!((bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer), (1_000_000, 0, 3, 3, 4, -1));
        assert!(!limit(&row(SqlValue::Int(0), "soft", SqlValue::Int(1))).unwrap().unwrap().per_session);
        assert_eq!(limit(&SqlRows::default()).unwrap(), None);
        assert_eq!(tally(&SqlRows::default()).unwrap(), None);
    }

    #[test]
    fn what_is_not_understood_is_no_limit_that_is_absent() {
        for wrong in [
            row(word("maybe"), "hard", SqlValue::Int(1)),
            row(SqlValue::Null, "hard", SqlValue::Int(1)),
            row(SqlValue::Int(0), "firm", SqlValue::Int(1)),
            row(SqlValue::Int(0), "hard", SqlValue::Null),
            row(SqlValue::Int(0), "hard", word("much")),
            row(SqlValue::Int(0), "hard", SqlValue::Real(f64::NAN)),
            rows(&[word("joe")]),
        ] {
            assert!(limit(&wrong).is_err(), "{wrong:?}");
        }
        assert!(tally(&rows(&[word("joe"), word("user"), SqlValue::Int(1)])).is_err());
    }
}
