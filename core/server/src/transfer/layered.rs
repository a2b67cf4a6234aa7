//! A data connection with layers around it. All buffers are bounded: nothing is read from a file
//! while bytes wait for the socket, nor from the socket while bytes wait for the file.

use std::io;
use std::time::Duration;

use gantry_api::Result;
use gantry_api::layer::Stage;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use crate::transfer::patience::{Patience, broken, cut};
use crate::wire::stack::Stack;

/// Plain bytes passed to the layers at once: several TLS records, which are sent in one write.
const PIECE: usize = 64 << 10;
/// Bytes read from the socket at once: one TLS record.
const READ: usize = 16 << 10;
/// The time limit for opening the layers, unless they have their own.
const OPEN_WAIT: Duration = Duration::from_secs(30);

/// How long opening them may delay the 150.
const EARLY_WAIT: Duration = Duration::from_secs(2);

/// The layers, and the buffers on both sides.
pub struct LayeredStream {
    stack: Stack,
    /// Plain bytes that have arrived but were not requested yet.
    plain: Vec<u8>,
    /// Bytes for the socket.
    wire: Vec<u8>,
    /// Whether the layers have had the chance to speak first.
    begun: bool,
    /// Whether they are open.
    opened: bool,
    /// Whether the peer will send nothing more.
    ended: bool,
    /// Whether the layers have yet to learn that the wire ended before they did.
    cut: bool,
}

impl LayeredStream {
    /// Layers that have not begun.
    pub fn new(stack: Stack) -> Self {
        Self { stack, plain: Vec::new(), wire: Vec::new(), begun: false, opened: false, ended: false, cut: false }
    }

    /// Sends some of these bytes, and returns how many.
    pub async fn send(&mut self, stream: &TcpStream, patience: &Patience, bytes: &[u8]) -> Result<usize> {
        self.open(stream, patience).await?;
        let bytes = bytes.get(..PIECE).unwrap_or(bytes);
        self.stack.send(bytes, &mut self.wire)?;
        self.flush(stream, patience).await?;
        Ok(bytes.len())
    }

    /// Receives up to `most` bytes; empty at the end.
    pub async fn receive(&mut self, stream: &TcpStream, patience: &Patience, most: usize) -> Result<Vec<u8>> {
        let count = self.available(stream, patience).await?.min(most);
        let rest = self.plain.split_off(count);
        Ok(std::mem::replace(&mut self.plain, rest))
    }

    /// Waits for plain bytes, and returns how many there are; 0 at the end.
    pub async fn available(&mut self, stream: &TcpStream, patience: &Patience) -> Result<usize> {
        self.open(stream, patience).await?;
        while self.plain.is_empty() && !self.ended {
            self.take_in(stream, patience).await?;
        }
        self.take_more(stream)?;
        // Bytes that have arrived come first. If nothing is received, the early end does not
        // matter.
        if self.plain.is_empty() && std::mem::take(&mut self.cut) {
            self.stack.cut()?;
        }
        Ok(self.plain.len())
    }

    /// Closes the layers in order. The client may have left already, once it had everything.
    pub async fn close(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
        self.open(stream, patience).await?;
        self.stack.close(&mut self.wire)?;
        let _ = self.flush(stream, patience).await;
        Ok(())
    }

    /// Opens the layers before the 150 if the client has already begun to, as curl does. The client
    /// then gets their first messages (TLS's tickets) before it sends a file; afterwards it hardly
    /// reads. Other clients wait for the 150.
    pub async fn open_early(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
        if rustix::io::ioctl_fionread(stream).is_ok_and(|count| count > 0) {
            // If time runs out, it goes on after the 150.
            return timeout(EARLY_WAIT, self.open(stream, patience)).await.unwrap_or(Ok(()));
        }
        Ok(())
    }

    /// Opens the layers. Resumes where it was if it was dropped before.
    async fn open(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
        if self.opened {
            return Ok(());
        }
        let limit = self.stack.time_to_open().unwrap_or(OPEN_WAIT);
        let opening = async {
            if !std::mem::replace(&mut self.begun, true) {
                self.give(stream, &[])?;
            }
            while self.stack.stage()? == Stage::Opening {
                if self.ended {
                    return Err(cut("Data connection closed before it was protected"));
                }
                self.take_in(stream, patience).await?;
            }
            self.flush(stream, patience).await?;
            self.opened = true;
            Ok(())
        };
        let opened = timeout(limit, opening).await;
        opened.unwrap_or_else(|_| Err(cut("Data connection closed: the protection handshake timed out")))
    }

    /// Waits for bytes from the client and passes them to the layers.
    async fn take_in(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
        // The peer may be waiting for a message from the layers. What arrives while that is sent
        // may be all that the peer sends.
        if self.flush(stream, patience).await? {
            return Ok(());
        }
        consume_budget().await;
        patience.step(stream.readable()).await?;
        self.take_once(stream).map(drop)
    }

    /// Takes bytes that have already arrived, so that one write covers several records.
    fn take_more(&mut self, stream: &TcpStream) -> Result<()> {
        for _ in 0..PIECE / READ {
            if self.ended || self.plain.len() >= PIECE || !self.take_once(stream)? {
                break;
            }
        }
        Ok(())
    }

    /// Takes some of the available bytes; false if there are none.
    // The buffer is in a plain function so that it is not part of a future.
    fn take_once(&mut self, stream: &TcpStream) -> Result<bool> {
        let mut buffer = [0; READ];
        match stream.try_read(&mut buffer) {
            Ok(0) => (self.ended, self.cut) = (true, !self.ended),
            Ok(count) => self.give(stream, buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(broken(error)),
        }
        Ok(true)
    }

    /// Passes bytes from the client to the layers.
    fn give(&mut self, stream: &TcpStream, bytes: &[u8]) -> Result<()> {
        let given = self.stack.receive(bytes, &mut self.plain, &mut self.wire);
        if given.is_err() {
            // A layer that fails may have an explanation to send.
            let _ = stream.try_write(&self.wire);
        }
        given?;
        // Bytes after the peer's close have no meaning.
        self.ended |= self.stack.stage()? == Stage::Closed;
        Ok(())
    }

    /// Sends all pending bytes. Meanwhile it keeps reading from the client as long as there is
    /// room, since the client's layers may have to send ours something; true if anything arrived.
    async fn flush(&mut self, stream: &TcpStream, patience: &Patience) -> Result<bool> {
        let mut came = false;
        while !self.wire.is_empty() {
            consume_budget().await;
            let listens = !self.ended && self.plain.len() < PIECE && self.wire.len() < 2 * PIECE;
            let interest = if listens { Interest::READABLE | Interest::WRITABLE } else { Interest::WRITABLE };
            let ready = patience.step(stream.ready(interest)).await?;
            if ready.is_writable() {
                match stream.try_write(&self.wire) {
                    Ok(count) => drop(self.wire.drain(..count)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(broken(error)),
                }
            }
            if listens && ready.is_readable() {
                came |= self.take_once(stream)?;
            }
        }
        Ok(came)
    }
}
