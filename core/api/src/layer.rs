//! Layers: what stands between a connection's bytes on the wire and what they
//! mean, such as TLS, or the compression of MODE Z. A layer turns bytes into
//! bytes; the server reads and writes them. So no socket, stream or waker crosses
//! images, and a layer can be tested without a connection.

use crate::error::Result;
use crate::guard::{Output, guarded};
use crate::value::Value;

/// How far a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is still agreed upon (a handshake): nothing can be sent yet.
    Opening,
    /// Both sides can send.
    Open,
    /// The peer has closed it in order: it will send nothing more.
    Closed,
}

impl Output for Stage {}

guarded! {
    /// One layer of one connection. Its errors end the connection: on a data
    /// connection their reply is the client's, and what has been written to `answer`
    /// or `wire` is still sent.
    pub trait Layer: Send {
        /// Takes bytes from the wire, in pieces as they come. `plain` gets what they
        /// mean, `answer` what the layer itself has to say (a handshake's next message),
        /// which is sent at once. The answer is how many bytes it took: all of them,
        /// unless the peer closes the layer among them.
        ///
        /// The first call may come with no bytes, so that a layer may speak first.
        fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<usize>;
        /// Makes of plain bytes what goes over the wire. It is called only when the layer
        /// is open, or closed by the peer.
        fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()>;
        /// Ends it on this side, in order: called once, after the last plain byte.
        fn close(&mut self, wire: &mut Vec<u8>) -> Result<()>;
        /// How far it is.
        fn stage(&self) -> Result<Stage>;
        /// The wire has ended and the peer has not closed the layer: bytes may be missing.
        /// An error breaks an upload off.
        fn cut(&mut self) -> Result<()> {
            Ok(())
        }
        /// What others may want to know of it: version, cipher, the peer's certificate.
        fn facts(&self) -> Value {
            Value::None
        }
    }
}

guarded! {
    /// Makes the layers of a session's data connections, one each.
    pub trait LayerMaker: Send + Sync {
        /// A layer for the next data connection.
        fn layer(&mut self) -> Result<Box<dyn Layer>>;
    }
}
