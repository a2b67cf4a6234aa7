//! An open data connection. In TYPE I files move by sendfile and splice where
//! both ends have descriptors, else through a buffer; ABOR and a stall end each
//! wait.

use std::future::Future;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use gantry_api::data::DataLink;
use gantry_api::files::File;
use gantry_api::proto::ascii::{FromWire, ToWire};
use gantry_api::transfer::{Transfer, Type};
use gantry_api::{Error, Result, async_trait};
use gantry_sys::transfer::{self, Pipe};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;

use crate::caught::caught;
use crate::transfer::progress::Progress;

/// Bytes of one sendfile or splice: enough that the call's cost is nothing.
const SLICE: usize = 1 << 20;
/// Bytes of the buffer where the kernel cannot move them itself.
const BUFFER: usize = 64 << 10;
/// Bytes for which a transfer takes one unit of tokio's cooperative budget.
const SHARE: u64 = 64 << 10;

/// The connection of one transfer.
pub struct Link {
    stream: TcpStream,
    kind: Type,
    /// Where in the file it begins.
    offset: u64,
    progress: Arc<Progress>,
    stalled: Option<Duration>,
    /// Bytes of a write of which nobody knows how many were written.
    unsure: u64,
}

impl Link {
    /// Takes the open stream of a transfer over.
    pub fn new(stream: TcpStream, transfer: &Transfer, progress: Arc<Progress>, stalled: Option<Duration>) -> Self {
        Self { stream, kind: transfer.kind, offset: transfer.offset, progress, stalled, unsure: 0 }
    }

    /// One step of a transfer, ended by ABOR or when nothing moves for
    /// TimeoutStalled.
    async fn step<T>(&self, work: impl Future<Output = io::Result<T>>) -> Result<T> {
        let stalled = async {
            match self.stalled {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = work => done.map_err(broken),
            () = self.progress.stopped() => Err(Error::client(426, "Transfer aborted. Data connection closed")),
            () = stalled => Err(Error::client(426, "Transfer aborted: data connection stalled")),
        }
    }

    /// Counts bytes that have moved. A fast client gets no more than its share of
    /// the worker's time, and its ABOR is heard.
    async fn count(&self, bytes: u64) {
        self.progress.add(bytes);
        for _ in 0..=bytes / SHARE {
            consume_budget().await;
        }
    }

    /// Where in the file the next byte is.
    fn at(&self) -> u64 {
        self.offset.saturating_add(self.progress.moved())
    }

    /// Sends some of these bytes; how many.
    async fn send_some(&self, bytes: &[u8]) -> Result<usize> {
        self.step(self.stream.async_io(Interest::WRITABLE, || self.stream.try_write(bytes))).await
    }

    async fn send_all(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let count = self.send_some(bytes).await?;
            self.count(count as u64).await;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    async fn send_pieces(&self, file: &dyn File) -> Result<()> {
        let mut converter = ToWire::default();
        loop {
            let piece = file.read_at(self.at(), BUFFER).await?;
            if piece.is_empty() {
                return Ok(());
            }
            if self.kind == Type::Image {
                self.send_all(&piece).await?;
                continue;
            }
            let (converted, mut sent) = (converter.convert(&piece), 0);
            while let Some(rest) = converted.get(sent..).filter(|rest| !rest.is_empty()) {
                sent += self.send_some(rest).await?;
            }
            self.count(piece.len() as u64).await;
        }
    }

    async fn receive_pieces(&mut self, file: &dyn File) -> Result<()> {
        let mut converter = FromWire::default();
        loop {
            let piece = self.receive_some().await?;
            let is_end = piece.is_empty();
            let piece = match self.kind {
                Type::Image => piece,
                Type::Ascii if is_end => std::mem::take(&mut converter).finish().to_vec(),
                Type::Ascii => converter.convert(&piece),
            };
            self.write(file, piece).await?;
            if is_end {
                return Ok(());
            }
        }
    }

    async fn write(&mut self, file: &dyn File, piece: Vec<u8>) -> Result<()> {
        self.unsure = piece.len() as u64;
        if !piece.is_empty() {
            let written = file.write_at(self.at(), piece).await;
            written.map_err(|error| error.context("Transfer aborted"))?;
        }
        let written = std::mem::take(&mut self.unsure);
        self.count(written).await;
        Ok(())
    }

    async fn receive_some(&self) -> Result<Vec<u8>> {
        let read = || {
            let mut buffer = vec![0; BUFFER];
            let count = self.stream.try_read(&mut buffer)?;
            buffer.truncate(count);
            Ok(buffer)
        };
        self.step(self.stream.async_io(Interest::READABLE, read)).await
    }

    /// By sendfile: true at the end, false where the file's system has none.
    async fn send_by_kernel(&self, file: BorrowedFd<'_>) -> Result<bool> {
        let mut offset = self.offset;
        let _ = transfer::sequential(file);
        loop {
            // Pages that are not in memory are read ahead on a thread that
            // may wait, not on one that serves other sessions.
            if !transfer::is_cached(file, offset).unwrap_or(true) {
                read_ahead(file, offset).await;
            }
            let sent = || transfer::send_file(self.stream.as_fd(), file, &mut offset, SLICE);
            match self.step(kernel(self.stream.async_io(Interest::WRITABLE, sent))).await? {
                Moved::Bytes(0) => return Ok(true),
                Moved::Bytes(count) => self.count(count as u64).await,
                Moved::Unsupported => return Ok(false),
            }
        }
    }

    /// By splice; false where the file's system has none and nothing was moved.
    async fn receive_by_kernel(&self, file: BorrowedFd<'_>) -> Result<bool> {
        let mut offset = self.offset;
        let mut pipe = Pipe::new().map_err(broken)?;
        loop {
            let fill = || pipe.fill(self.stream.as_fd(), SLICE);
            match self.step(kernel(self.stream.async_io(Interest::READABLE, fill))).await? {
                Moved::Bytes(0) => return Ok(true),
                Moved::Bytes(_) => {}
                Moved::Unsupported => return Ok(false),
            }
            let broke = self.fill_up(&mut pipe);
            // The write may wait for the disk: this worker's other sessions
            // go to another one meanwhile.
            let before = offset;
            let drained = tokio::task::block_in_place(|| pipe.drain(file, &mut offset));
            // What has been written counts, also where the disk is full.
            self.count(offset - before).await;
            drained.map_err(|error| Error::from(error).context("Transfer aborted"))?;
            broke?;
        }
    }

    /// Fills the pipe with what has come in meanwhile, so that one write
    /// serves several packets. A connection tells its error once.
    ///
    /// This asks the socket behind tokio's back: "would block" may mean that
    /// the pipe has no slot left, and tokio would take that for a socket that
    /// has run dry, and wait for news of it that never come.
    fn fill_up(&self, pipe: &mut Pipe) -> Result<()> {
        loop {
            match pipe.fill(self.stream.as_fd(), SLICE) {
                // The end; the next wait for bytes sees it again.
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(broken(error)),
            }
        }
    }
}

#[async_trait]
impl DataLink for Link {
    async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        caught(self.send_all(bytes)).await
    }

    async fn receive(&mut self) -> Result<Vec<u8>> {
        let bytes = caught(self.receive_some()).await?;
        self.progress.add(bytes.len() as u64);
        Ok(bytes)
    }

    async fn send_file(&mut self, file: &dyn File) -> Result<()> {
        caught(async {
            if self.kind == Type::Image
                && let Some(descriptor) = file.descriptor()
                && self.send_by_kernel(descriptor).await?
            {
                return Ok(());
            }
            self.send_pieces(file).await
        })
        .await
    }

    async fn receive_file(&mut self, file: &dyn File) -> Result<()> {
        caught(async {
            if self.kind == Type::Image
                && let Some(descriptor) = file.descriptor()
                && self.receive_by_kernel(descriptor).await?
            {
                return Ok(());
            }
            self.receive_pieces(file).await
        })
        .await
    }

    fn moved(&self) -> RangeInclusive<u64> {
        let moved = self.progress.moved();
        moved..=moved.saturating_add(self.unsure)
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        use tokio::io::AsyncWriteExt;
        let Self { mut stream, progress, .. } = *self;
        // The client may have closed already: all that it wanted has moved.
        let _ = stream.shutdown().await;
        progress.finish();
        Ok(())
    }
}

enum Moved {
    Bytes(usize),
    Unsupported,
}

/// Tells "this file's system cannot" from what ends a transfer.
async fn kernel(moving: impl Future<Output = io::Result<usize>>) -> io::Result<Moved> {
    match moving.await {
        Ok(count) => Ok(Moved::Bytes(count)),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => Ok(Moved::Unsupported),
        Err(error) => Err(error),
    }
}

async fn read_ahead(file: BorrowedFd<'_>, offset: u64) {
    let Ok(file) = file.try_clone_to_owned() else { return };
    let wait = move || {
        let _ = transfer::will_need(file.as_fd(), offset, 4 * SLICE as u64);
        // One byte of it, so that the wait for the disk is here.
        let _ = rustix::io::pread(&file, &mut [0; 1], offset);
    };
    let _ = tokio::task::spawn_blocking(wait).await;
}

fn broken(error: io::Error) -> Error {
    Error::client(426, format!("Transfer aborted. Data connection closed: {}", plain(&error)))
}

fn plain(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "Connection reset by peer",
        io::ErrorKind::TimedOut => "Connection timed out",
        _ => "Input/output error",
    }
}
