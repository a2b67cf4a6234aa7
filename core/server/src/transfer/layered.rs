//! A data connection with layers around it. All buffers are bounded: nothing is
//! taken from a file while bytes wait for the socket, nor from the socket while
//! bytes wait for the file.

use std::io;
use std::time::Duration;

use gantry_api::layer::Stage;
use gantry_api::{Error, Result};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use crate::transfer::patience::{Patience, broken};
use crate::wire::stack::Stack;

/// Plain bytes that are given to the layers at once: some records of TLS, which
/// go out in one write.
const PIECE: usize = 64 << 10;
/// Bytes that are taken from the socket at once: a record of TLS.
const READ: usize = 16 << 10;
/// How long the layers may take to open.
const OPEN_WAIT: Duration = Duration::from_secs(30);

/// The layers, and what is between them and both sides.
pub struct Layered {
    stack: Stack,
    /// Plain bytes that have come and were not wanted yet.
    plain: Vec<u8>,
    /// Bytes for the socket.
    wire: Vec<u8>,
    /// Whether the layers have been asked for what they say first.
    begun: bool,
    /// Whether the peer will send nothing more.
    ended: bool,
    /// Whether the layers have still to hear that the wire ended before they did.
    cut: bool,
}

impl Layered {
    /// Layers that have not begun.
    pub fn new(stack: Stack) -> Self {
        Self { stack, plain: Vec::new(), wire: Vec::new(), begun: false, ended: false, cut: false }
    }

    /// Sends some of these bytes; how many.
    pub async fn send(&mut self, stream: &TcpStream, patience: &Patience, bytes: &[u8]) -> Result<usize> {
        self.open(stream, patience).await?;
        let bytes = bytes.get(..PIECE).unwrap_or(bytes);
        self.stack.send(bytes, &mut self.wire)?;
        self.flush(stream, patience).await?;
        Ok(bytes.len())
    }

    /// Some bytes, `most` of them at most; none at the end.
    pub async fn receive(&mut self, stream: &TcpStream, patience: &Patience, most: usize) -> Result<Vec<u8>> {
        let count = self.available(stream, patience).await?.min(most);
        let rest = self.plain.split_off(count);
        Ok(std::mem::replace(&mut self.plain, rest))
    }

    /// Waits for plain bytes; how many there are. None at the end.
    pub async fn available(&mut self, stream: &TcpStream, patience: &Patience) -> Result<usize> {
        self.open(stream, patience).await?;
        while self.plain.is_empty() && !self.ended {
            self.take_in(stream, patience).await?;
        }
        self.take_more(stream)?;
        // What has come counts first. Where nothing is received, it does not matter.
        if self.plain.is_empty() && std::mem::take(&mut self.cut) {
            self.stack.cut()?;
        }
        Ok(self.plain.len())
    }

    /// Closes the layers in order. The client may have gone already: all that it
    /// wanted has moved.
    pub async fn close(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
        self.open(stream, patience).await?;
        self.stack.close(&mut self.wire)?;
        let _ = self.flush(stream, patience).await;
        Ok(())
    }

    /// Opens the layers, once.
    async fn open(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let opening = async {
            self.give(stream, &[])?;
            while self.stack.stage()? == Stage::Opening {
                if self.ended {
                    return Err(Error::client(426, "Data connection closed before it was protected"));
                }
                self.take_in(stream, patience).await?;
            }
            self.flush(stream, patience).await
        };
        let opened = timeout(OPEN_WAIT, opening).await;
        opened.unwrap_or_else(|_| Err(Error::client(426, "Data connection closed: its protection was not agreed upon")))
    }

    /// Waits for bytes of the client's and gives them to the layers.
    async fn take_in(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
        // The peer may wait for what the layers have to say.
        self.flush(stream, patience).await?;
        consume_budget().await;
        patience.step(stream.readable()).await?;
        self.take_once(stream).map(drop)
    }

    /// Takes what has come already, so that one write serves several records.
    fn take_more(&mut self, stream: &TcpStream) -> Result<()> {
        for _ in 0..PIECE / READ {
            if self.ended || self.plain.len() >= PIECE || !self.take_once(stream)? {
                break;
            }
        }
        Ok(())
    }

    /// Takes some of what has come; false where nothing has.
    // The buffer is in a plain function, so that it is no part of a future.
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

    /// Gives bytes of the client's to the layers.
    fn give(&mut self, stream: &TcpStream, bytes: &[u8]) -> Result<()> {
        let given = self.stack.receive(bytes, &mut self.plain, &mut self.wire);
        if given.is_err() {
            // A layer that fails may say why.
            let _ = stream.try_write(&self.wire);
        }
        given?;
        // What comes behind the peer's close means nothing.
        self.ended |= self.stack.stage()? == Stage::Closed;
        Ok(())
    }

    /// Sends all that is to be sent. Meanwhile the client is listened to, for its
    /// layers may have to say something to ours; as long as there is room.
    async fn flush(&mut self, stream: &TcpStream, patience: &Patience) -> Result<()> {
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
                self.take_once(stream)?;
            }
        }
        Ok(())
    }
}
