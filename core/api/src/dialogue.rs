//! The FTP dialogue of a session: the state of the control connection, its replies and its data
//! connections. Who the client is and what it may do is in the session.

use gantry_proto::reply::Reply;

use crate::data::{Control, Data};
use crate::path::VirtualPath;
use crate::transfer::Type;

/// One client's dialogue.
pub struct Dialogue {
    /// The current command's reply so far; it is sent after POST_CMD.
    pub reply: Option<Reply>,
    /// The representation type.
    pub kind: Type,
    /// Where the next transfer begins (REST), in bytes.
    pub restart: u64,
    /// The first and the last byte of the next transfer (RANG).
    pub range: Option<(u64, u64)>,
    /// The path from RNFR.
    pub rename_from: Option<VirtualPath>,
    /// Whether the client said EPSV ALL (RFC 2428 section 4).
    pub epsv_only: bool,
    /// The client's data connections.
    pub data: Box<dyn Data>,
    /// The client's control connection.
    pub control: Box<dyn Control>,
}

impl Dialogue {
    /// A new dialogue over these connections.
    pub fn new(control: Box<dyn Control>, data: Box<dyn Data>) -> Self {
        Self {
            reply: None,
            kind: Type::Ascii,
            restart: 0,
            range: None,
            rename_from: None,
            epsv_only: false,
            data,
            control,
        }
    }

    /// Sets the command's reply.
    pub fn respond(&mut self, code: u16, text: impl AsRef<[u8]>) {
        self.reply = Some(Reply::new(code, text));
    }

    /// Adds a line to the command's reply.
    pub fn say(&mut self, text: impl AsRef<[u8]>) {
        match &mut self.reply {
            Some(reply) => reply.push(text),
            None => self.respond(200, text),
        }
    }
}
