//! Layers between the bytes on the wire and their meaning, such as TLS or the compression of MODE
//! Z. A layer turns bytes into bytes; the server does the I/O. So no socket, stream or waker
//! crosses images, and a layer can be tested without a connection.

use std::time::Duration;

use crate::error::Result;
use crate::guard::{Output, guarded};
use crate::value::Value;

/// The state of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The handshake is not finished: nothing can be sent yet.
    Opening,
    /// Both sides can send.
    Open,
    /// The peer has closed it in order, and will send nothing more.
    Closed,
}

impl Output for Stage {}

guarded! {
    /// One layer of one connection. Its errors end the connection: on a data connection the client
    /// gets their reply, and bytes already written to `answer` or `wire` are still sent.
    pub trait Layer: Send {
        /// Takes bytes from the wire, in pieces as they arrive. The decoded bytes go to `plain`;
        /// the layer's own messages (such as the next one of a handshake) go to `answer`, which is
        /// sent at once. Returns how many bytes it took: all of them, unless the peer closes the
        /// layer among them.
        ///
        /// The first call may come without bytes, so that a layer can speak first.
        fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<usize>;
        /// Encodes plain bytes for the wire. Called only while the layer is open, or after the peer
        /// has closed it.
        fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()>;
        /// Closes it in order on this side. Called once, after the last plain byte.
        fn close(&mut self, wire: &mut Vec<u8>) -> Result<()>;
        /// The state of the layer.
        fn stage(&self) -> Result<Stage>;
        /// The time limit for opening it; `None` means the server's. A peer that never answers
        /// holds its connection for that long.
        fn time_to_open(&self) -> Option<Duration> {
            None
        }
        /// The wire has ended although the peer has not closed the layer, so bytes may be missing.
        /// An error aborts an upload.
        fn cut(&mut self) -> Result<()> {
            Ok(())
        }
        /// Facts for others: version, cipher, the peer's certificate.
        fn facts(&self) -> Value {
            Value::None
        }
    }
}

guarded! {
    /// Makes the layers for a session's data connections, one each.
    pub trait LayerMaker: Send + Sync {
        /// Makes a layer for the next data connection.
        fn layer(&mut self) -> Result<Box<dyn Layer>>;
    }
}
