//! What every transfer has in common: its 150, its record for the logs, and the counts of the session.

use std::time::SystemTime;

use gantry_api::Type;
use gantry_api::prelude::*;
use gantry_api::session::{Direction, Outcome, Transfer};

use crate::copy::Progress;

/// Begins a transfer's record; it counts as broken off until [`end`] says otherwise, so that one whose task is dropped
/// is told as what it was.
pub(crate) fn begin(at: &mut Moment<'_>, path: VirtualPath, direction: Direction) {
    let now = SystemTime::now();
    let kind = at.dialogue.kind;
    at.session.transfer =
        Some(Transfer { path, direction, kind, bytes: 0, began: now, ended: now, outcome: Outcome::Incomplete });
}

/// Ends a transfer's record and counts its bytes.
pub(crate) fn end(session: &mut Session, progress: &Progress, result: &Result<()>) {
    let Some(transfer) = &mut session.transfer else { return };
    transfer.bytes = progress.bytes;
    transfer.ended = SystemTime::now();
    if result.is_ok() {
        transfer.outcome = Outcome::Complete;
    }
    let total = match transfer.direction {
        Direction::In => &mut session.bytes.0,
        Direction::Out => &mut session.bytes.1,
    };
    *total = total.saturating_add(progress.bytes);
}

/// The reply that says that the data connection is open: `Opening BINARY mode data connection for x (4 bytes)`.
pub(crate) fn opening(kind: Type, name: &[u8], size: Option<u64>) -> Reply {
    let kind = match kind {
        Type::Ascii => "ASCII",
        Type::Image => "BINARY",
    };
    let size = match size {
        Some(1) => " (1 byte)".to_owned(),
        Some(size) => format!(" ({size} bytes)"),
        None => String::new(),
    };
    let text = [format!("Opening {kind} mode data connection for ").as_bytes(), name, size.as_bytes()].concat();
    Reply::new(150, text)
}

/// The name that the client gave, for error replies.
pub(crate) fn shown(command: &Command) -> String {
    String::from_utf8_lossy(&command.argument).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_told_where_it_is_known() {
        let text = |reply: Reply| String::from_utf8_lossy(reply.last_line()).into_owned();
        assert_eq!(text(opening(Type::Image, b"x", Some(4))), "Opening BINARY mode data connection for x (4 bytes)");
        assert_eq!(text(opening(Type::Image, b"x", Some(1))), "Opening BINARY mode data connection for x (1 byte)");
        assert_eq!(text(opening(Type::Ascii, b"x", None)), "Opening ASCII mode data connection for x");
        assert!(opening(Type::Ascii, b"\xff", None).last_line().ends_with(b"\xff"));
    }
}
