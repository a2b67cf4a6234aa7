//! The control connection: lines in, replies out. The session's loop reads. It also writes the
//! replies, except those that modules send before a command finishes (150). A layer may be around
//! the connection.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_api::data::Control;
use gantry_api::layer::Layer;
use gantry_api::proto::Lines;
use gantry_api::{Error, Reply, Result, Value, async_trait};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, timeout};

use crate::caught::caught;
use crate::wire::wrapping::{Reading, Wrapping};

/// How long to wait until a client has room for a reply.
const REPLY_WAIT: Duration = Duration::from_secs(60);
/// How long, and for how many bytes, to keep reading from a client after the last reply.
const LINGER_WAIT: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1 << 20;
/// Bytes read at a time: several commands, which are short.
const READ: usize = 1024;
/// Bytes of memory that a connection keeps for the next reply.
const KEPT: usize = 1024;

/// Shared by the session's loop and the modules' replies.
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Inner>,
}

struct Inner {
    stream: TcpStream,
    /// Whether there is a layer, so that others need not ask.
    wrapped: AtomicBool,
    wrapping: Mutex<Wrapping>,
    /// When the layer that was put around it last must have opened, and after how long.
    opens_by: Mutex<Option<(Instant, Duration)>>,
}

impl Connection {
    /// Takes over the stream.
    pub fn new(stream: TcpStream) -> Self {
        let (wrapped, wrapping) = (AtomicBool::new(false), Mutex::new(Wrapping::default()));
        Self { shared: Arc::new(Inner { stream, wrapped, wrapping, opens_by: Mutex::default() }) }
    }

    fn stream(&self) -> &TcpStream {
        &self.shared.stream
    }

    fn wrapping(&self) -> MutexGuard<'_, Wrapping> {
        self.shared.wrapping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_wrapped(&self) -> bool {
        self.shared.wrapped.load(Ordering::Relaxed)
    }

    /// Waits for bytes and puts them into `lines`; false at the end of the stream. No buffer is
    /// held while it waits. A client that never stops sending gets only its share of the worker's
    /// time.
    pub async fn read(&self, lines: &mut Lines) -> io::Result<bool> {
        loop {
            consume_budget().await;
            // The layer's own messages are sent before more is read.
            if self.is_wrapped() {
                self.flush().await?;
                if self.wrapping().is_ended() {
                    return Ok(false);
                }
            }
            self.stream().readable().await?;
            match self.take(lines) {
                Ok(Reading::Nothing) => {}
                Ok(Reading::Something) => return Ok(true),
                Ok(Reading::End) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    // The buffer is in a plain function so that it is not part of a future.
    fn take(&self, lines: &mut Lines) -> io::Result<Reading> {
        let mut buffer = [0; READ];
        let count = self.stream().try_read(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if !self.is_wrapped() {
            lines.push(bytes);
            return Ok(if bytes.is_empty() { Reading::End } else { Reading::Something });
        }
        let mut wrapping = self.wrapping();
        if bytes.is_empty() {
            wrapping.cut().map_err(failed)?;
            return Ok(Reading::End);
        }
        if wrapping.is_fresh() && !lines.is_empty() {
            return Err(injected());
        }
        let mut plain = Vec::new();
        let came = wrapping.receive(bytes, &mut plain);
        self.shared.wrapped.store(wrapping.is_wrapped(), Ordering::Relaxed);
        lines.push(&plain);
        came.map_err(failed)
    }

    /// Applies a command's change to the layer. The command's reply has been sent and says whether
    /// it succeeded.
    pub fn switch(&self, agreed: bool) -> io::Result<()> {
        let mut wrapping = self.wrapping();
        let switched = wrapping.switch(agreed);
        self.shared.wrapped.store(wrapping.is_wrapped(), Ordering::Relaxed);
        if wrapping.is_opening() {
            let limit = wrapping.time_to_open();
            *self.opens_by_mut() = limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        }
        switched.map_err(failed)
    }

    /// The deadline for a layer whose handshake is still running, and its time limit, if it has
    /// one.
    pub fn opens_by(&self) -> Option<(Instant, Duration)> {
        if self.is_opening() { *self.opens_by_mut() } else { None }
    }

    fn opens_by_mut(&self) -> MutexGuard<'_, Option<(Instant, Duration)>> {
        self.shared.opens_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a layer's handshake is still running, so that nothing can be sent.
    pub fn is_opening(&self) -> bool {
        self.is_wrapped() && self.wrapping().is_opening()
    }

    /// Fails if the client had already sent something, which is in `waiting`, when a layer was put
    /// around the connection. Those bytes came unprotected and must not be treated as protected.
    pub fn check_fresh(&self, waiting: bool) -> io::Result<()> {
        let is_injected = waiting && self.is_wrapped() && self.wrapping().is_fresh();
        if is_injected { Err(injected()) } else { Ok(()) }
    }

    /// Ends the connection so that the last reply arrives: if unread bytes from the client were
    /// left at the close, the system would discard the reply.
    pub async fn close(&self) {
        if self.is_wrapped() {
            let _ = self.wrapping().close();
            let _ = timeout(LINGER_WAIT, self.flush()).await;
        }
        if SockRef::from(self.stream()).shutdown(Shutdown::Write).is_err() {
            return;
        }
        let drain = async {
            let mut left = LINGER_BYTES;
            while left > 0 {
                if self.stream().readable().await.is_err() {
                    return;
                }
                match self.stream().try_read(&mut [0; READ]) {
                    Ok(0) => return,
                    Ok(count) => left = left.saturating_sub(count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        let _ = timeout(LINGER_WAIT, drain).await;
    }

    /// Sends a reply; the worker's other sessions get their turn in between.
    pub async fn send(&self, reply: &Reply) -> io::Result<()> {
        consume_budget().await;
        self.put(reply)?;
        self.flush().await
    }

    /// Refuses the Telnet options that the client asked for.
    pub async fn refuse_options(&self, lines: &mut Lines) -> io::Result<()> {
        let answers = lines.take_answers();
        if answers.is_empty() {
            return Ok(());
        }
        {
            let mut wrapping = self.wrapping();
            match wrapping.is_wrapped() {
                true => wrapping.send(&answers).map_err(failed)?,
                false => wrapping.out.extend(answers),
            }
        }
        self.flush().await
    }

    fn put(&self, reply: &Reply) -> io::Result<()> {
        let mut wrapping = self.wrapping();
        if !wrapping.is_wrapped() {
            reply.encode(&mut wrapping.out);
            return Ok(());
        }
        let mut plain = Vec::new();
        reply.encode(&mut plain);
        wrapping.send(&plain).map_err(failed)
    }

    /// Writes all pending bytes.
    async fn flush(&self) -> io::Result<()> {
        while !self.write()? {
            timeout(REPLY_WAIT, self.stream().writable()).await??;
        }
        Ok(())
    }

    /// Writes what the socket accepts; returns whether that was everything.
    fn write(&self) -> io::Result<bool> {
        let mut wrapping = self.wrapping();
        while !wrapping.out.is_empty() {
            match self.stream().try_write(&wrapping.out) {
                Ok(count) => drop(wrapping.out.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        wrapping.out.shrink_to(KEPT);
        Ok(true)
    }

    /// Sends a reply for a command.
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

    fn secure(&mut self, layer: Box<dyn Layer>) -> Result<()> {
        self.wrapping().secure(layer)
    }

    fn clear(&mut self) -> Result<()> {
        self.wrapping().clear()
    }

    fn is_layered(&self) -> bool {
        self.is_wrapped()
    }

    fn facts(&self) -> Value {
        self.wrapping().facts()
    }
}

/// A layer has failed, so the connection ends.
fn failed(error: Error) -> io::Error {
    io::Error::other(error)
}

fn injected() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "unprotected bytes followed the command that protects the connection")
}
