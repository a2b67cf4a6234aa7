//! The session's data connections (RFC 959 section 3.2, RFC 2428). The server
//! implements them: it alone binds, connects, and checks who is at the other
//! end.

use std::net::SocketAddr;

use async_trait::async_trait;
use gantry_proto::reply::Reply;

use crate::error::Result;
use crate::files::File;

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
    /// Waits for the client's connection, or connects to it. Errors: 425.
    async fn open(&mut self) -> Result<Box<dyn DataLink>>;
}

/// An open data connection. ABOR, a lost control connection or a stalled
/// transfer end its calls with an error (426).
#[async_trait]
pub trait DataLink: Send {
    /// Sends all bytes.
    async fn send(&mut self, bytes: &[u8]) -> Result<()>;
    /// Some bytes; none at the end.
    async fn receive(&mut self) -> Result<Vec<u8>>;
    /// Sends a file from `offset` to its end, by sendfile where that can be
    /// had; how many bytes.
    async fn send_file(&mut self, file: &dyn File, offset: u64) -> Result<u64>;
    /// Writes what comes into a file from `offset` on, by splice where that
    /// can be had; how many bytes.
    async fn receive_file(&mut self, file: &dyn File, offset: u64) -> Result<u64>;
    /// Closes so that the client sees an orderly end.
    async fn finish(self: Box<Self>) -> Result<()>;
    /// Bytes moved so far, both ways.
    fn moved(&self) -> u64;
}

/// The control connection, for replies that must not wait for the end of the
/// command (150).
#[async_trait]
pub trait Control: Send + Sync {
    /// Sends a reply now.
    async fn send(&mut self, reply: Reply) -> Result<()>;
}
