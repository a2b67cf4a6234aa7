//! The session's data connections (RFC 959 section 3.2, RFC 2428). The server implements them: only
//! the server binds, connects and checks the peer.

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

/// The protocol requested for a passive address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// That of the control connection.
    Same,
    /// IPv4, for PASV.
    V4,
    /// IPv6, for `EPSV 2`.
    V6,
}

/// Prepares and opens data connections. Each preparation serves one transfer.
#[async_trait]
pub trait Data: Send + Sync {
    /// Listens for the client and returns the address to report to it. Errors: 425, 522.
    async fn passive(&mut self, family: Family) -> Result<SocketAddr>;
    /// Stores the address that the client listens on. A foreign address is refused (500) before
    /// anything is connected.
    fn active(&mut self, address: SocketAddr) -> Result<()>;
    /// Sets the layer that protects later connections (PROT P), or removes it.
    fn protect(&mut self, maker: Option<Box<dyn LayerMaker>>);
    /// Sets the layer that encodes later connections (MODE Z), inside the one that protects; or
    /// removes it.
    fn encode(&mut self, maker: Option<Box<dyn LayerMaker>>);
    /// Waits for the client's connection or connects to it, records the transfer in the session,
    /// and sends `opening`, the 150. Errors: 425, 426.
    async fn begin(&mut self, session: &mut Session, transfer: Transfer, opening: Reply) -> Result<Box<dyn DataLink>>;
}

/// The data connection of one transfer. ABOR, a lost control connection or a stalled transfer ends
/// its calls with an error (426). A transfer that does not reach `finish` is recorded as
/// incomplete.
#[async_trait]
pub trait DataLink: Send {
    /// Sends all bytes unchanged.
    async fn send(&mut self, bytes: &[u8]) -> Result<()>;
    /// Receives some bytes; empty at the end.
    async fn receive(&mut self) -> Result<Vec<u8>>;
    /// Sends a file from the transfer's offset to its end: in TYPE I with sendfile if possible, in
    /// TYPE A with its line ends converted.
    async fn send_file(&mut self, file: &dyn File) -> Result<()>;
    /// Writes received data to a file from the transfer's offset on: in TYPE I with splice if
    /// possible, in TYPE A with its line ends converted.
    async fn receive_file(&mut self, file: &dyn File) -> Result<()>;
    /// The least and most bytes of the object that have moved: a failed write may have written a
    /// part.
    fn moved(&self) -> RangeInclusive<u64>;
    /// Closes the connection so that the client sees an orderly end.
    async fn finish(self: Box<Self>) -> Result<()>;
}

/// The control connection, for replies sent before a command finishes, and for the layer around it.
#[async_trait]
pub trait Control: Send + Sync {
    /// Sends a reply now.
    async fn send(&mut self, reply: Reply) -> Result<()>;
    /// Puts a layer around the connection. From a command, it starts after the positive reply,
    /// which is still sent without it; from a hook at the start of a session, it starts before the
    /// greeting. If the client has sent data after the command without waiting for the reply, the
    /// session ends, since somebody on the path may have injected it. Errors: 503 if there is a
    /// layer already.
    fn secure(&mut self, layer: Box<dyn Layer>) -> Result<()>;
    /// Removes the layer (CCC), closing it on both sides, after the command's positive reply, which
    /// still goes through it. Errors: 503 without a layer.
    fn clear(&mut self) -> Result<()>;
    /// Whether a layer is around the connection. Cheaper than [`Control::facts`], for modules that
    /// ask before each command.
    fn is_layered(&self) -> bool;
    /// Facts about the layer around the connection; [`Value::None`] without one.
    fn facts(&self) -> Value;
}
