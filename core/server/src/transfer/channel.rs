//! The bytes of an open data connection, directly or through its layers. Each wait ends when its
//! event occurs, with ABOR, or after TimeoutStalled without progress.

use std::future::Future;
use std::io;
use std::os::fd::BorrowedFd;

use gantry_api::Result;
use gantry_sys::transfer::{self, Pipe};
use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use tokio::io::Interest;

use crate::transfer::layered::LayeredStream;
use crate::transfer::patience::{Patience, broken};
use crate::transfer::socket::DataSocket;
use crate::wire::stack::Stack;

/// An open data connection.
pub struct Channel {
    socket: DataSocket,
    patience: Patience,
    layered: Option<LayeredStream>,
}

impl Channel {
    /// Takes over an open socket, with the layers around it.
    pub fn new(socket: DataSocket, layers: Option<Stack>, patience: Patience) -> Self {
        Self { socket, patience, layered: layers.map(LayeredStream::new) }
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
        match &mut self.layered {
            Some(layered) => layered.send(self.socket.stream().map_err(broken)?, &self.patience, bytes).await,
            None => {
                let send = |socket: BorrowedFd<'_>| Ok(send(socket, bytes, SendFlags::NOSIGNAL)?);
                self.patience.step(self.socket.when(Interest::WRITABLE, send)).await
            }
        }
    }

    /// Receives up to `most` bytes; empty at the end.
    pub async fn receive(&mut self, most: usize) -> Result<Vec<u8>> {
        if let Some(layered) = &mut self.layered {
            return layered.receive(self.socket.stream().map_err(broken)?, &self.patience, most).await;
        }
        // It is filled in place, and not before there is something to fill it with.
        let read = |socket: BorrowedFd<'_>| {
            let mut buffer = Vec::with_capacity(most);
            recv(socket, spare_capacity(&mut buffer), RecvFlags::empty())?;
            Ok(buffer)
        };
        self.patience.step(self.socket.when(Interest::READABLE, read)).await
    }

    /// Opens the layers before the 150, if the client does; see [`LayeredStream::open_early`].
    pub async fn open_early(&mut self) -> Result<()> {
        match &mut self.layered {
            Some(layered) => layered.open_early(self.socket.stream().map_err(broken)?, &self.patience).await,
            None => Ok(()),
        }
    }

    /// Waits for bytes, and returns how many there are; 0 at the end.
    pub async fn available(&mut self) -> Result<usize> {
        if let Some(layered) = &mut self.layered {
            return layered.available(self.socket.stream().map_err(broken)?, &self.patience).await;
        }
        let peek = |socket: BorrowedFd<'_>| Ok(recv(socket, &mut [0_u8; 1], RecvFlags::PEEK)?.1);
        if self.patience.step(self.socket.when(Interest::READABLE, peek)).await? == 0 {
            return Ok(0);
        }
        let count = self.socket.descriptor().and_then(|socket| Ok(rustix::io::ioctl_fionread(socket)?)).unwrap_or(1);
        Ok(usize::try_from(count).unwrap_or(usize::MAX).max(1))
    }

    /// Sends up to `most` bytes of a file with sendfile, and advances the offset.
    pub async fn send_from(&mut self, file: BorrowedFd<'_>, offset: &mut u64, most: usize) -> Result<KernelStep> {
        let send = |socket: BorrowedFd<'_>| transfer::send_file(socket, file, offset, most);
        self.patience.step(kernel(self.socket.when(Interest::WRITABLE, send))).await
    }

    /// Moves up to `most` bytes into a pipe with splice.
    pub async fn fill(&mut self, pipe: &mut Pipe, most: usize) -> Result<KernelStep> {
        let fill = |socket: BorrowedFd<'_>| pipe.fill(socket, most);
        self.patience.step(kernel(self.socket.when(Interest::READABLE, fill))).await
    }

    /// Fills the pipe with what has arrived meanwhile, so that one write covers several packets. A
    /// connection reports its error only once.
    ///
    /// This bypasses tokio when it asks the socket: "would block" may mean that the pipe has no
    /// free slot. Tokio would conclude that the socket is empty, and wait for an event that never
    /// comes.
    pub fn fill_up(&self, pipe: &mut Pipe, most: usize) -> Result<()> {
        let socket = self.socket.descriptor().map_err(broken)?;
        loop {
            match pipe.fill(socket, most) {
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
        let Self { mut socket, patience, layered } = self;
        if let Some(mut layered) = layered {
            layered.close(socket.stream().map_err(broken)?, &patience).await?;
        }
        // The client may have closed already, once it had everything.
        let _ = socket.descriptor().map(|socket| shutdown(socket, Shutdown::Write));
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
