//! The bytes of an open data connection, directly or through its layers. Each wait ends when its
//! event occurs, with ABOR, or after TimeoutStalled without progress.

use std::future::Future;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};

use gantry_api::Result;
use gantry_sys::transfer::{self, Pipe};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::transfer::layered::LayeredStream;
use crate::transfer::patience::{Patience, broken};
use crate::wire::stack::Stack;

/// An open data connection.
pub struct Channel {
    stream: TcpStream,
    patience: Patience,
    layered: Option<LayeredStream>,
}

impl Channel {
    /// Takes over an open stream, with the layers around it.
    pub fn new(stream: TcpStream, layers: Option<Stack>, patience: Patience) -> Self {
        Self { stream, patience, layered: layers.map(LayeredStream::new) }
    }

    /// What can end its waits.
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// Whether the kernel may move bytes by itself, because there are no layers.
    pub fn is_plain(&self) -> bool {
        self.layered.is_none()
    }

    /// Sends some of these bytes, and returns how many.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<usize> {
        let stream = &self.stream;
        match &mut self.layered {
            Some(layered) => layered.send(stream, &self.patience, bytes).await,
            None => self.patience.step(stream.async_io(Interest::WRITABLE, || stream.try_write(bytes))).await,
        }
    }

    /// Receives up to `most` bytes; empty at the end.
    pub async fn receive(&mut self, most: usize) -> Result<Vec<u8>> {
        let stream = &self.stream;
        if let Some(layered) = &mut self.layered {
            return layered.receive(stream, &self.patience, most).await;
        }
        let read = || {
            let mut buffer = vec![0; most];
            let count = stream.try_read(&mut buffer)?;
            buffer.truncate(count);
            Ok(buffer)
        };
        self.patience.step(stream.async_io(Interest::READABLE, read)).await
    }

    /// Opens the layers before the 150, if the client does; see [`LayeredStream::open_early`].
    pub async fn open_early(&mut self) -> Result<()> {
        match &mut self.layered {
            Some(layered) => layered.open_early(&self.stream, &self.patience).await,
            None => Ok(()),
        }
    }

    /// Waits for bytes, and returns how many there are; 0 at the end.
    pub async fn available(&mut self) -> Result<usize> {
        if let Some(layered) = &mut self.layered {
            return layered.available(&self.stream, &self.patience).await;
        }
        if self.patience.step(self.stream.peek(&mut [0])).await? == 0 {
            return Ok(0);
        }
        let count = rustix::io::ioctl_fionread(&self.stream).unwrap_or(1);
        Ok(usize::try_from(count).unwrap_or(usize::MAX).max(1))
    }

    /// Sends up to `most` bytes of a file with sendfile, and advances the offset.
    pub async fn send_from(&mut self, file: BorrowedFd<'_>, offset: &mut u64, most: usize) -> Result<KernelStep> {
        let stream = &self.stream;
        let sent = || transfer::send_file(stream.as_fd(), file, offset, most);
        self.patience.step(kernel(stream.async_io(Interest::WRITABLE, sent))).await
    }

    /// Moves up to `most` bytes into a pipe with splice.
    pub async fn fill(&mut self, pipe: &mut Pipe, most: usize) -> Result<KernelStep> {
        let stream = &self.stream;
        let fill = || pipe.fill(stream.as_fd(), most);
        self.patience.step(kernel(stream.async_io(Interest::READABLE, fill))).await
    }

    /// Fills the pipe with what has arrived meanwhile, so that one write covers several packets. A
    /// connection reports its error only once.
    ///
    /// This bypasses tokio when it asks the socket: "would block" may mean that the pipe has no
    /// free slot. Tokio would conclude that the socket is empty, and wait for an event that never
    /// comes.
    pub fn fill_up(&self, pipe: &mut Pipe, most: usize) -> Result<()> {
        loop {
            match pipe.fill(self.stream.as_fd(), most) {
                // The end; the next wait for bytes notices it again.
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(broken(error)),
            }
        }
    }

    /// Closes the connection so that the client sees an orderly end.
    pub async fn finish(self) -> Result<()> {
        let Self { stream, patience, layered } = self;
        if let Some(mut layered) = layered {
            layered.close(&stream, &patience).await?;
        }
        // The client may have closed already, once it had everything.
        let _ = SockRef::from(&stream).shutdown(Shutdown::Write);
        Ok(())
    }
}

/// The result of a step that the kernel does by itself.
pub enum KernelStep {
    /// The number of bytes moved; 0 at the end.
    Bytes(usize),
    /// The file system does not support it.
    Unsupported,
}

/// Separates "not supported by this file system" from errors that end a transfer.
async fn kernel(moving: impl Future<Output = io::Result<usize>>) -> io::Result<KernelStep> {
    match moving.await {
        Ok(count) => Ok(KernelStep::Bytes(count)),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
            Ok(KernelStep::Unsupported)
        }
        Err(error) => Err(error),
    }
}
