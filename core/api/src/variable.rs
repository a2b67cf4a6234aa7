//! The variables that log formats and SQL statements may name (LogFormat and
//! SQLLog in ProFTPD's manual). They become values, never text of a statement.

use std::time::SystemTime;

use crate::moment::Moment;
use crate::path::VirtualPath;
use crate::transfer::{Outcome, Transfer, Type};

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

/// All names there are, without the `%`.
pub const NAMES: [&str; 34] = [
    "a",
    "b",
    "d",
    "f",
    "F",
    "g",
    "h",
    "I",
    "J",
    "l",
    "L",
    "m",
    "O",
    "P",
    "p",
    "r",
    "S",
    "s",
    "T",
    "t",
    "U",
    "u",
    "V",
    "v",
    "w",
    "{basename}",
    "{epoch}",
    "{gid}",
    "{protocol}",
    "{remote-port}",
    "{transfer-status}",
    "{transfer-type}",
    "{uid}",
    "{version}",
];

/// Whether `%name` is known.
pub fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
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
        "f" => path_of(at).map_or(Variable::None, |path| on_host(at, &path)),
        "F" => path_of(at).map_or(Variable::None, text),
        "g" => account
            .and_then(|account| account.groups.iter().find(|group| group.gid == account.gid))
            .map_or(Variable::None, |group| text(&group.name)),
        "h" => text(&session.remote_host),
        "I" => number(session.bytes.0),
        "J" if at.command.is_secret() => text("(hidden)"),
        "J" => text(String::from_utf8_lossy(&at.command.argument)),
        // Nobody is asked by RFC 1413 who a client's user is.
        "l" => text("UNKNOWN"),
        "L" | "V" => text(session.local.ip()),
        "m" => text(at.command.verb),
        "O" => number(session.bytes.1),
        "P" => number(std::process::id()),
        "p" => number(session.local.port()),
        "r" => text(at.command),
        "s" => at.dialogue.reply.as_ref().map_or(Variable::None, |reply| number(reply.code)),
        "S" => {
            at.dialogue.reply.as_ref().map_or(Variable::None, |reply| text(String::from_utf8_lossy(reply.last_line())))
        }
        "T" => transfer.map_or(Variable::None, |transfer| text(format_args!("{:.3}", seconds(transfer)))),
        "t" => text(gantry_proto::time::log_time(now())),
        "{epoch}" => Variable::Number(now()),
        "U" => session.user.as_ref().map_or(Variable::None, text),
        "u" => account.map_or(Variable::None, |account| text(&account.name)),
        "v" => text(&session.server_name),
        "w" => at.dialogue.rename_from.as_ref().map_or(Variable::None, |path| on_host(at, path)),
        "{basename}" => transfer.map_or(Variable::None, |transfer| text(String::from_utf8_lossy(transfer.path.name()))),
        "{protocol}" => text("ftp"),
        "{remote-port}" => number(session.remote.port()),
        "{version}" => text(concat!("Gantry ", env!("CARGO_PKG_VERSION"))),
        "{uid}" => account.map_or(Variable::None, |account| number(account.uid)),
        "{gid}" => account.map_or(Variable::None, |account| number(account.gid)),
        "{transfer-status}" => transfer.map_or(Variable::None, |transfer| text(status(transfer))),
        "{transfer-type}" => transfer
            .map_or(Variable::None, |transfer| text(if transfer.kind == Type::Ascii { "ASCII" } else { "binary" })),
        _ => Variable::None,
    }
}

fn text(shown: impl std::fmt::Display) -> Variable {
    Variable::Text(shown.to_string())
}

fn number(number: impl TryInto<i64>) -> Variable {
    Variable::Number(number.try_into().unwrap_or(i64::MAX))
}

/// The file that the command is about.
fn path_of(at: &Moment<'_>) -> Option<VirtualPath> {
    let moved = at.session.transfer.as_ref().map(|transfer| transfer.path.clone());
    moved.or_else(|| (!at.command.argument.is_empty()).then(|| at.path()))
}

/// A path as the host's administrator knows it.
fn on_host(at: &Moment<'_>, path: &VirtualPath) -> Variable {
    text(String::from_utf8_lossy(&at.session.files.shown(path)))
}

fn status(transfer: &Transfer) -> &'static str {
    match transfer.outcome {
        Outcome::Complete => "success",
        Outcome::Incomplete => "failed",
    }
}

fn seconds(transfer: &Transfer) -> f64 {
    transfer.ended.duration_since(transfer.began).unwrap_or_default().as_secs_f64()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
