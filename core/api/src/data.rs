//! The session's data connections (RFC 959 section 3.2, RFC 2428). The server
//! implements them: it alone binds, connects, and checks who is at the other
//! end.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use gantry_proto::reply::Reply;

use crate::error::Result;
use crate::files::File;
use crate::layer::{Layer, LayerMaker};
use crate::session::Session;
use crate::transfer::Transfer;
use crate::value::Value;

/// Which protocol a passive address is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// That of the control connection.
    Same,
    /// IPv4, for PASV.
    V4,
    /// IPv6, for `EPSV 2`.
    V6,
}

/// Prepares and opens data connections. A prepared one serves one transfer.
#[async_trait]
pub trait Data: Send + Sync {
    /// Listens for the client; the address to tell it. Errors: 425, 522.
    async fn passive(&mut self, family: Family) -> Result<SocketAddr>;
    /// Remembers where the client listens; a foreign address is refused (500),
    /// before anything is connected.
    fn active(&mut self, address: SocketAddr) -> Result<()>;
    /// Puts a layer that protects around the connections to come (PROT P), or none.
    fn protect(&mut self, maker: Option<Box<dyn LayerMaker>>);
    /// Puts a layer that encodes (MODE Z) around those to come, inside the one that
    /// protects; or none.
    fn encode(&mut self, maker: Option<Box<dyn LayerMaker>>);
    /// Waits for the client's connection, or connects to it, leaves the transfer's
    /// record in the session, and sends `opening`, the 150. Errors: 425, 426.
    async fn begin(&mut self, session: &mut Session, transfer: Transfer, opening: Reply) -> Result<Box<dyn DataLink>>;
}

/// The data connection of one transfer. ABOR, a lost control connection or a
/// stalled transfer end its calls with an error (426). A transfer that is not
/// finished is recorded as broken off.
#[async_trait]
pub trait DataLink: Send {
    /// Sends all bytes, as they are.
    async fn send(&mut self, bytes: &[u8]) -> Result<()>;
    /// Some bytes, as they come; none at the end.
    async fn receive(&mut self) -> Result<Vec<u8>>;
    /// Sends a file from the transfer's offset to its end: in TYPE I by sendfile
    /// where that can be had, in TYPE A with its lines converted.
    async fn send_file(&mut self, file: &dyn File) -> Result<()>;
    /// Writes what comes into a file from the transfer's offset on: in TYPE I by
    /// splice where that can be had, in TYPE A with its lines converted.
    async fn receive_file(&mut self, file: &dyn File) -> Result<()>;
    /// Bytes of the object that have moved, at least and at most: a write that
    /// failed may have written a part.
    fn moved(&self) -> RangeInclusive<u64>;
    /// Closes so that the client sees an orderly end.
    async fn finish(self: Box<Self>) -> Result<()>;
}

/// The control connection, for replies that must not wait for the end of the
/// command, and for the layer around it.
#[async_trait]
pub trait Control: Send + Sync {
    /// Sends a reply now.
    async fn send(&mut self, reply: Reply) -> Result<()>;
    /// Puts a layer around the connection: from the command's positive reply on, which
    /// still goes without it; of a hook of the session's beginning before the greeting.
    /// What the client had sent behind the command without waiting for the reply ends
    /// the session: somebody on the way may have put it there. Errors: 503 with a layer
    /// around it already.
    fn secure(&mut self, layer: Box<dyn Layer>) -> Result<()>;
    /// Takes the layer off again (CCC), in order on both sides, from the command's
    /// positive reply on, which still goes through it. Errors: 503 without a layer.
    fn clear(&mut self) -> Result<()>;
    /// What the layer around the connection tells of itself; nothing without one.
    fn facts(&self) -> Value;
}
