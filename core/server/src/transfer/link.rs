//! A running transfer. In TYPE I without layers, files move with sendfile and splice if both ends
//! have descriptors, otherwise through a buffer. In TYPE A their line ends are converted. Meters
//! are asked before each slice.

use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use gantry_api::data::DataLink;
use gantry_api::files::File;
use gantry_api::meter::Grant;
use gantry_api::proto::ascii::{FromWire, ToWire};
use gantry_api::transfer::{Transfer, Type};
use gantry_api::{Error, Result, async_trait};
use gantry_sys::transfer::{self, Pipe};
use tokio::task::coop::consume_budget;

use crate::caught::caught;
use crate::transfer::channel::{Channel, KernelStep};
use crate::transfer::meters::Meters;
use crate::transfer::patience::broken;
use crate::transfer::progress::Progress;

/// Bytes per sendfile or splice: enough to make the cost of the call negligible.
const SLICE: usize = 1 << 20;
/// The buffer size if the kernel cannot move the bytes itself.
const BUFFER: usize = 64 << 10;
/// The first bytes of an upload, for which no pipe is made: many files have no more.
const FEW: usize = 16 << 10;
/// Bytes for which a transfer uses one unit of tokio's cooperative budget.
const SHARE: u64 = 64 << 10;

/// One transfer.
pub struct Link {
    channel: Channel,
    kind: Type,
    /// The first byte of the file to transfer.
    offset: u64,
    meters: Meters,
    progress: Arc<Progress>,
    /// Bytes of a write of which it is unknown how many were written.
    unsure: u64,
}

impl Link {
    /// A transfer over an open connection.
    pub fn new(channel: Channel, transfer: &Transfer, meters: Meters, progress: Arc<Progress>) -> Self {
        Self { channel, kind: transfer.kind, offset: transfer.offset, meters, progress, unsure: 0 }
    }

    /// Whether only the kernel has to see the bytes.
    fn by_kernel(&self) -> bool {
        self.kind == Type::Image && self.channel.is_plain()
    }

    /// The offset of the next byte in the file.
    fn at(&self) -> u64 {
        self.offset.saturating_add(self.progress.moved())
    }

    /// Waits until bytes may move, and returns how many of the next `most`.
    async fn granted(&mut self, most: usize) -> Result<usize> {
        if self.meters.is_empty() {
            return Ok(most);
        }
        loop {
            match self.meters.ask(most as u64)? {
                Grant::Bytes(bytes) => return Ok(usize::try_from(bytes).unwrap_or(usize::MAX).min(most)),
                Grant::After(time) => self.channel.patience().pause(time).await?,
            }
        }
    }

    /// Counts bytes that have moved. A fast client gets only its share of the worker's time, so its
    /// ABOR is noticed.
    async fn count(&mut self, bytes: u64) -> Result<()> {
        self.progress.add(bytes);
        for _ in 0..=bytes / SHARE {
            consume_budget().await;
        }
        if bytes > 0 { self.meters.moved(bytes) } else { Ok(()) }
    }

    /// Sends bytes of the object.
    async fn send_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let granted = self.granted(bytes.len()).await?;
            let count = self.channel.send(bytes.get(..granted).unwrap_or(bytes)).await?;
            self.count(count as u64).await?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Sends a piece of text with its line ends converted.
    async fn send_text(&mut self, mut text: &[u8], converter: &mut ToWire) -> Result<()> {
        while !text.is_empty() {
            let granted = self.granted(text.len()).await?;
            let (piece, rest) = text.split_at_checked(granted).unwrap_or((text, &[]));
            let (converted, mut sent) = (converter.convert(piece), 0);
            while let Some(left) = converted.get(sent..).filter(|left| !left.is_empty()) {
                sent += self.channel.send(left).await?;
            }
            self.count(piece.len() as u64).await?;
            text = rest;
        }
        Ok(())
    }

    async fn send_pieces(&mut self, file: &dyn File) -> Result<()> {
        let mut converter = ToWire::default();
        loop {
            let piece = file.read_at(self.at(), BUFFER).await?;
            match self.kind {
                _ if piece.is_empty() => return Ok(()),
                Type::Image => self.send_all(&piece).await?,
                Type::Ascii => self.send_text(&piece, &mut converter).await?,
            }
        }
    }

    /// Receives some bytes from the client, `most` at most; empty at the end.
    async fn receive_some(&mut self, mut most: usize) -> Result<Vec<u8>> {
        if !self.meters.is_empty() {
            let available = self.channel.available().await?;
            if available > 0 {
                most = self.granted(available.min(most)).await?;
            }
        }
        self.channel.receive(most).await
    }

    async fn receive_pieces(&mut self, file: &dyn File) -> Result<()> {
        let mut converter = FromWire::default();
        loop {
            let piece = self.receive_some(BUFFER).await?;
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

    /// Receives the first bytes through a buffer; true at the end.
    async fn receive_few(&mut self, file: &dyn File) -> Result<bool> {
        let mut left = FEW;
        while left > 0 {
            let piece = self.receive_some(left).await?;
            if piece.is_empty() {
                return Ok(true);
            }
            left = left.saturating_sub(piece.len());
            self.write(file, piece).await?;
        }
        Ok(false)
    }

    async fn write(&mut self, file: &dyn File, piece: Vec<u8>) -> Result<()> {
        self.unsure = piece.len() as u64;
        if !piece.is_empty() {
            let written = file.write_at(self.at(), piece).await;
            written.map_err(|error| error.context("Transfer aborted"))?;
        }
        let written = std::mem::take(&mut self.unsure);
        self.count(written).await
    }

    /// Sends with sendfile: true at the end, false if the file system does not support it.
    async fn send_by_kernel(&mut self, file: &dyn File, descriptor: BorrowedFd<'_>) -> Result<bool> {
        let (mut offset, mut is_large) = (self.offset, false);
        loop {
            // Pages that are not in memory are read ahead on a thread that may wait, not on one
            // that serves other sessions.
            if !transfer::is_cached(descriptor, offset).unwrap_or(true) {
                read_ahead(descriptor, offset).await;
            }
            let most = match self.meters.is_empty() {
                true => SLICE,
                false => match left(file, offset).await? {
                    0 => return Ok(true),
                    left => self.granted(left).await?,
                },
            };
            match self.channel.send_from(descriptor, &mut offset, most).await? {
                KernelStep::Bytes(0) => return Ok(true),
                KernelStep::Bytes(count) => {
                    // A small file has been read completely by now.
                    if !is_large && offset - self.offset > BUFFER as u64 {
                        is_large = true;
                        let _ = transfer::sequential(descriptor);
                    }
                    self.count(count as u64).await?;
                }
                KernelStep::Unsupported => return Ok(false),
            }
        }
    }

    /// Receives with splice: false if the file system does not support it, and it moved nothing.
    async fn receive_by_kernel(&mut self, file: BorrowedFd<'_>) -> Result<bool> {
        let mut offset = self.at();
        let never_waits = transfer::is_in_memory(file);
        let mut pipe = Pipe::new().map_err(broken)?;
        loop {
            let most = match self.meters.is_empty() {
                true => SLICE,
                false => match self.channel.available().await? {
                    0 => return Ok(true),
                    available => self.granted(available.min(SLICE)).await?,
                },
            };
            match self.channel.fill(&mut pipe, most).await? {
                KernelStep::Bytes(0) => return Ok(true),
                KernelStep::Bytes(_) => {}
                KernelStep::Unsupported => return Ok(false),
            }
            let broke = if self.meters.is_empty() { self.channel.fill_up(&mut pipe, SLICE) } else { Ok(()) };
            // The write may wait for the disk, so this worker's other sessions move to another one
            // meanwhile.
            let before = offset;
            let drained = match never_waits {
                true => pipe.drain(file, &mut offset),
                false => tokio::task::block_in_place(|| pipe.drain(file, &mut offset)),
            };
            // Bytes that were written count, even if the disk is full.
            let counted = self.count(offset - before).await;
            drained.map_err(|error| Error::from(error).context("Transfer aborted"))?;
            counted.and(broke)?;
        }
    }
}

#[async_trait]
impl DataLink for Link {
    async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        caught(self.send_all(bytes)).await
    }

    async fn receive(&mut self) -> Result<Vec<u8>> {
        caught(async {
            let bytes = self.receive_some(BUFFER).await?;
            self.count(bytes.len() as u64).await?;
            Ok(bytes)
        })
        .await
    }

    async fn send_file(&mut self, file: &dyn File) -> Result<()> {
        caught(async {
            if self.by_kernel()
                && let Some(descriptor) = file.descriptor()
                && self.send_by_kernel(file, descriptor).await?
            {
                return Ok(());
            }
            self.send_pieces(file).await
        })
        .await
    }

    async fn receive_file(&mut self, file: &dyn File) -> Result<()> {
        caught(async {
            if self.by_kernel()
                && let Some(descriptor) = file.descriptor()
                && (self.receive_few(file).await? || self.receive_by_kernel(descriptor).await?)
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
        let Self { channel, progress, .. } = *self;
        caught(channel.finish()).await?;
        progress.finish();
        Ok(())
    }
}

/// The number of bytes left in a file from an offset, up to one slice.
async fn left(file: &dyn File, offset: u64) -> Result<usize> {
    let left = file.metadata().await?.size.saturating_sub(offset);
    if left > 0 {
        return Ok(usize::try_from(left).unwrap_or(usize::MAX).min(SLICE));
    }
    // Files on some file systems, such as /proc, report no size.
    Ok(file.read_at(offset, 1).await?.len())
}

async fn read_ahead(file: BorrowedFd<'_>, offset: u64) {
    let Ok(file) = file.try_clone_to_owned() else { return };
    let wait = move || {
        let _ = transfer::will_need(file.as_fd(), offset, 4 * SLICE as u64);
        // Read one byte of it, so that the wait for the disk happens here.
        let _ = rustix::io::pread(&file, &mut [0; 1], offset);
    };
    let _ = tokio::task::spawn_blocking(wait).await;
}
