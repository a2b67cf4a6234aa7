//! SQLLogFile: each statement with its values, and what became of it.

use std::fmt::{self, Write};
use std::time::SystemTime;

use gantry_api::proto::text::Escaped;
use gantry_api::service::{SqlRows, SqlStatement, SqlValue};
use gantry_api::{LogOutput, LogTarget, Result, log};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A server's SQLLogFile, if it has one.
#[derive(Debug, Default)]
pub struct Journal(Option<LogOutput>);

impl Journal {
    /// Opens or creates it.
    ///
    /// # Errors
    /// The configuration's: the file cannot be used.
    pub fn open(target: Option<&LogTarget>) -> Result<Self> {
        let output = target.map(|target| log::open(target).map_err(|error| error.context("SQLLogFile")));
        output.transpose().map(Self)
    }

    /// Writes a line about a session, or about none.
    pub fn write(&self, session: Option<u64>, text: fmt::Arguments<'_>) {
        let Some(output) = &self.0 else { return };
        let now = Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        let now = TimeZone::system().to_datetime(now).strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
        let session = session.map_or_else(|| "-".to_owned(), |session| session.to_string());
        let text = text.to_string();
        // What a client has sent cannot forge another line.
        let line = format!("{now} mod_sql/{}[{session}]: {}", env!("CARGO_PKG_VERSION"), Escaped(text.as_bytes()));
        output.write(line.as_bytes());
    }

    /// A statement as [`Journal::answer`] shows it; nothing without a file.
    pub fn show(&self, statement: &SqlStatement) -> Option<String> {
        self.0.as_ref().map(|_| shown(statement))
    }

    /// Writes what became of a statement.
    pub fn answer(&self, session: Option<u64>, origin: &str, statement: Option<String>, answer: &Result<SqlRows>) {
        let Some(statement) = statement else { return };
        match answer {
            Ok(SqlRows { rows, affected }) => {
                let rows = rows.len();
                self.write(session, format_args!("{origin}: {statement}: {rows} rows, {affected} changed"));
            }
            Err(error) => self.write(session, format_args!("{origin}: {statement}: error: {error}")),
        }
    }
}

/// The text with `?` for each parameter, and the values.
fn shown(statement: &SqlStatement) -> String {
    const LONGEST: usize = 200;
    let mut text = statement.pieces.join("?");
    for (number, value) in statement.parameters.iter().enumerate() {
        text.push_str(if number == 0 { " <- " } else { ", " });
        // Writing to a String cannot fail.
        let _ = match value {
            SqlValue::Null => write!(text, "NULL"),
            SqlValue::Int(number) => write!(text, "{number}"),
            SqlValue::Real(number) => write!(text, "{number}"),
            SqlValue::Text(value) => match value.char_indices().nth(LONGEST) {
                None => write!(text, "'{value}'"),
                Some((end, _)) => write!(text, "'{}...'", value.get(..end).unwrap_or_default()),
            },
            SqlValue::Bytes(bytes) => write!(text, "{} bytes", bytes.len()),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_shown_with_their_values() {
        let statement = SqlStatement {
            pieces: vec!["SELECT ".to_owned(), " + ".to_owned(), String::new()],
            parameters: vec![SqlValue::Int(1), SqlValue::Text("é".repeat(300))],
        };
        let text = shown(&statement);
        assert_eq!(text, format!("SELECT ? + ? <- 1, '{}...'", "é".repeat(200)));
    }
}
