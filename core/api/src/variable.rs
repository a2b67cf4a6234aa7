//! The variables that log formats and SQL statements may name (LogFormat and
//! SQLLog in ProFTPD's manual). They become values, never text of a statement.

use std::time::SystemTime;

use gantry_proto::verb::Verb;

use crate::module::Moment;
use crate::session::Transfer;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// Nothing: it has no meaning for this command.
    None,
    /// A number.
    Number(i64),
    /// Text; file names that are not UTF-8 are shown with U+FFFD.
    Text(String),
}

impl Variable {
    /// As logs show it: `-` for nothing.
    pub fn into_text(self) -> String {
        match self {
            Self::None => "-".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// Whether `%name` is known.
pub fn is_known(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "d"
            | "f"
            | "F"
            | "g"
            | "h"
            | "I"
            | "J"
            | "L"
            | "m"
            | "O"
            | "P"
            | "p"
            | "r"
            | "S"
            | "s"
            | "T"
            | "t"
            | "U"
            | "u"
            | "v"
            | "w"
            | "{protocol}"
            | "{epoch}"
            | "{gid}"
            | "{uid}"
            | "{transfer-status}"
            | "{transfer-type}"
    )
}

/// The value of `%name` at a moment; `None` for an unknown name as well.
pub fn value(at: &Moment<'_>, name: &str) -> Variable {
    let session = &*at.session;
    let account = session.account.as_deref();
    let transfer = session.transfer.as_ref();
    match name {
        "a" => text(session.remote.ip()),
        "b" => transfer.map_or(Variable::None, |transfer| number(transfer.bytes)),
        "d" => text(session.cwd.name().escape_ascii()),
        "f" | "F" => transfer.map_or_else(|| path_of(at), |transfer| text(&transfer.path)),
        "g" => account
            .and_then(|account| account.groups.iter().find(|group| group.gid == account.gid))
            .map_or(Variable::None, |group| text(&group.name)),
        "h" => text(&session.remote_host),
        "I" => number(session.bytes.0),
        "J" if at.command.verb == Verb::PASS => text("(hidden)"),
        "J" => text(String::from_utf8_lossy(&at.command.argument)),
        "L" => text(session.local.ip()),
        "m" => text(at.command.verb),
        "O" => number(session.bytes.1),
        "P" => number(std::process::id()),
        "p" => number(session.local.port()),
        "r" => text(at.command),
        "s" => session.reply.as_ref().map_or(Variable::None, |reply| number(reply.code)),
        "S" => session.reply.as_ref().map_or(Variable::None, |reply| text(String::from_utf8_lossy(reply.last_line()))),
        "T" => transfer.map_or(Variable::None, |transfer| text(format_args!("{:.3}", seconds(transfer)))),
        "t" => text(gantry_proto::time::log_time(now())),
        "{epoch}" => Variable::Number(now()),
        "U" => session.user.as_ref().map_or(Variable::None, text),
        "u" => account.map_or(Variable::None, |account| text(&account.name)),
        "v" => text(&session.server_name),
        "w" => session.rename_from.as_ref().map_or(Variable::None, text),
        "{protocol}" => text("ftp"),
        "{uid}" => account.map_or(Variable::None, |account| number(account.uid)),
        "{gid}" => account.map_or(Variable::None, |account| number(account.gid)),
        "{transfer-status}" => transfer.map_or(Variable::None, |transfer| text(status(transfer))),
        "{transfer-type}" => transfer.map_or(Variable::None, |transfer| {
            text(if transfer.kind == crate::session::Type::Ascii { "ASCII" } else { "binary" })
        }),
        _ => Variable::None,
    }
}

fn text(shown: impl std::fmt::Display) -> Variable {
    Variable::Text(shown.to_string())
}

fn number(number: impl TryInto<i64>) -> Variable {
    Variable::Number(number.try_into().unwrap_or(i64::MAX))
}

fn path_of(at: &Moment<'_>) -> Variable {
    if at.command.argument.is_empty() { Variable::None } else { text(at.path()) }
}

fn status(transfer: &Transfer) -> &'static str {
    match transfer.outcome {
        crate::session::Outcome::Complete => "success",
        crate::session::Outcome::Incomplete => "failed",
    }
}

fn seconds(transfer: &Transfer) -> f64 {
    transfer.ended.duration_since(transfer.began).unwrap_or_default().as_secs_f64()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
