//! The control connection: lines in, replies out. The session's loop reads;
//! replies are written by it and, for those that must not wait (150), by
//! modules.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use gantry_api::data::Control;
use gantry_api::proto::Lines;
use gantry_api::{Error, Reply, Result, async_trait};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use crate::caught::caught;

/// How long a client may take to make room for a reply.
const REPLY_WAIT: Duration = Duration::from_secs(60);
/// How long, and for how many bytes, a client is listened to that has been
/// told goodbye.
const LINGER_WAIT: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1 << 20;
/// Bytes read at a time: several commands, of which each is short.
const READ: usize = 1024;

/// One half each for the session's loop and for the modules' replies.
#[derive(Clone)]
pub struct Connection {
    stream: Arc<TcpStream>,
}

impl Connection {
    /// Takes the stream over.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream: Arc::new(stream) }
    }

    /// Waits for bytes and puts them into `lines`; false at the end of the
    /// stream. Nothing is held while it waits. A client that never stops sending
    /// gets no more than its share of the worker's time.
    pub async fn read(&self, lines: &mut Lines) -> io::Result<bool> {
        consume_budget().await;
        loop {
            self.stream.readable().await?;
            match self.take(lines) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                taken => return taken,
            }
        }
    }

    // The buffer stands in a plain function, so that it is no part of a future.
    fn take(&self, lines: &mut Lines) -> io::Result<bool> {
        let mut buffer = [0; READ];
        let count = self.stream.try_read(&mut buffer)?;
        lines.push(&buffer[..count]);
        Ok(count > 0)
    }

    /// Ends the connection so that the last reply arrives: closing while the
    /// client's bytes lie unread would make the system take it back.
    pub async fn close(&self) {
        if SockRef::from(&*self.stream).shutdown(Shutdown::Write).is_err() {
            return;
        }
        let drain = async {
            let mut left = LINGER_BYTES;
            while left > 0 {
                if self.stream.readable().await.is_err() {
                    return;
                }
                match self.stream.try_read(&mut [0; READ]) {
                    Ok(0) => return,
                    Ok(count) => left = left.saturating_sub(count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        let _ = timeout(LINGER_WAIT, drain).await;
    }

    /// Sends a reply; the worker's other sessions have their turn in between.
    pub async fn send(&self, reply: &Reply) -> io::Result<()> {
        consume_budget().await;
        let mut bytes = Vec::new();
        reply.encode(&mut bytes);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    timeout(REPLY_WAIT, self.stream.writable()).await??;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends a reply on behalf of a command.
    pub async fn tell(&self, reply: &Reply) -> Result<()> {
        let sent = self.send(reply).await;
        sent.map_err(|error| Error::system(format!("control connection: {error}")).with_code(421))
    }
}

#[async_trait]
impl Control for Connection {
    async fn send(&mut self, reply: Reply) -> Result<()> {
        caught(self.tell(&reply)).await
    }
}
