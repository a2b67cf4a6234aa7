//! mod_ident: asks the client's host for the client's user (RFC 1413), for logs and messages. The
//! answer proves nothing.

mod answer;

use std::net::SocketAddr;
use std::time::Duration;

use gantry_api::prelude::*;
use gantry_api::{IDENT_USER, parse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// The port of the service.
const PORT: u16 = 113;
/// The time limit of a look-up; the greeting waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer, in bytes (RFC 1413 section 4).
const LONGEST: u64 = 1000;

/// The module.
#[derive(Default)]
pub struct Ident {
    /// Whether any server looks up users.
    is_needed: bool,
}

module! { Ident, settings: Settings, before: ["mod_core"] }

settings! {
    /// The settings of one server.
    #[derive(Debug)]
    struct Settings {
        /// Whether to ask the client's host for the client's user (RFC 1413) before the greeting, for logs and messages. The
        /// answer is awaited for 5 seconds at most, and proves nothing.
        lookups: bool = IdentLookups "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
    }
}

#[async_trait]
impl Module for Ident {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        self.is_needed = start.scopes::<Settings>().any(|(_, _, settings)| settings.lookups);
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        if self.is_needed { vec![Hook::connect()] } else { Vec::new() }
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        Ok(if at.settings::<Settings>().lookups { Step::Wait } else { Step::Next })
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        let (local, remote) = (at.session.local, at.session.remote);
        if let Ok(Ok(Some(user))) = tokio::time::timeout(PATIENCE, ask(local, remote)).await {
            at.session.notes.set(IDENT_USER, user);
        }
        Ok(Step::Next)
    }
}

/// Asks which user has a connection, from the address that the client reached.
async fn ask(local: SocketAddr, remote: SocketAddr) -> std::io::Result<Option<String>> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(local.ip(), 0))?;
    let mut stream = socket.connect(SocketAddr::new(remote.ip(), PORT)).await?;
    stream.write_all(format!("{}, {}\r\n", remote.port(), local.port()).as_bytes()).await?;
    let mut answer = Vec::new();
    let mut limited = stream.take(LONGEST);
    let mut piece = [0; 256];
    while !answer.contains(&b'\n') {
        match limited.read(&mut piece).await? {
            0 => break,
            read => answer.extend_from_slice(piece.get(..read).unwrap_or_default()),
        }
    }
    Ok(answer::user(&answer, (remote.port(), local.port())))
}
