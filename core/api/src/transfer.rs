//! A transfer: one object between client and server, from the 150 to the 226. A module says what it
//! sends or receives ([`crate::Moment::begin`]); the server opens the data connection, sends the
//! 150, counts the bytes, ends the transfer, and leaves its record in [`crate::Session::transfer`].

use std::time::SystemTime;

use gantry_proto::reply::Reply;

use crate::path::VirtualPath;

/// The representation type (RFC 959 section 3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// ASCII: lines end with CRLF on the wire.
    Ascii,
    /// Image: bytes as they are.
    Image,
}

/// The direction of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the server: STOR, APPE, STOU.
    In,
    /// To the client: RETR and listings.
    Out,
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it arrived.
    Complete,
    /// It was aborted.
    Incomplete,
    /// The client (ABOR) or the server's end cancelled it.
    Cancelled,
    /// It moved no bytes for too long (TimeoutStalled).
    TimedOut,
}

/// The transfer of a command, for the logs: a file, or a listing on a data connection.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The file, or the path that was listed.
    pub path: VirtualPath,
    /// The direction.
    pub direction: Direction,
    /// The representation type.
    pub kind: Type,
    /// The first byte to transfer.
    pub offset: u64,
    /// The number of bytes to move, if known beforehand.
    pub expected: Option<u64>,
    /// The size, in bytes, of the file that was there before an upload.
    pub size_before: Option<u64>,
    /// The port of the data connection: the server's if it was passive, else the client's. 0
    /// before there is one.
    pub port: u16,
    /// Bytes of the object that have moved; in TYPE A of a file, bytes of the file.
    pub bytes: u64,
    /// When the data connection was opened.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// How it ended.
    pub outcome: Outcome,
}

impl Transfer {
    /// A transfer that is about to begin. It counts as incomplete until the server has seen its
    /// end, so that a dropped task leaves the right record.
    pub fn new(path: VirtualPath, direction: Direction, kind: Type) -> Self {
        let now = SystemTime::now();
        Self {
            path,
            direction,
            kind,
            offset: 0,
            expected: None,
            size_before: None,
            port: 0,
            bytes: 0,
            began: now,
            ended: now,
            outcome: Outcome::Incomplete,
        }
    }

    /// The same, starting at an offset in the object (REST, APPE).
    #[must_use]
    pub fn from(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// The same, with a known number of bytes to move.
    #[must_use]
    pub fn expecting(mut self, bytes: u64) -> Self {
        self.expected = Some(bytes);
        self
    }

    /// The usual 150, with the object's name as the client knows it: `Opening BINARY mode data
    /// connection for x (4 bytes)`.
    pub fn opening(&self, name: &[u8]) -> Reply {
        let kind = match self.kind {
            Type::Ascii => "ASCII",
            Type::Image => "BINARY",
        };
        let size = match self.expected {
            Some(1) => " (1 byte)".to_owned(),
            Some(size @ 2..) => format!(" ({size} bytes)"),
            Some(0) | None => String::new(),
        };
        let text = [format!("Opening {kind} mode data connection for ").as_bytes(), name, size.as_bytes()].concat();
        Reply::new(150, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_150_has_the_size_where_it_is_known() {
        let transfer = |kind| Transfer::new(VirtualPath::root(), Direction::Out, kind);
        let text = |reply: Reply| String::from_utf8_lossy(reply.last_line()).into_owned();
        let opening = |transfer: Transfer| text(transfer.opening(b"x"));
        assert_eq!(opening(transfer(Type::Image).expecting(4)), "Opening BINARY mode data connection for x (4 bytes)");
        assert_eq!(opening(transfer(Type::Image).expecting(1)), "Opening BINARY mode data connection for x (1 byte)");
        assert_eq!(opening(transfer(Type::Ascii).expecting(0)), "Opening ASCII mode data connection for x");
        assert_eq!(opening(transfer(Type::Ascii)), "Opening ASCII mode data connection for x");
        assert!(transfer(Type::Ascii).opening(b"\xff").last_line().ends_with(b"\xff"));
    }
}
