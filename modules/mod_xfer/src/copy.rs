//! Moves bytes between a file and a data connection. In TYPE I the server does it as the kernel does it best; in TYPE A
//! every byte passes through here.

use gantry_api::Type;
use gantry_api::data::DataLink;
use gantry_api::files::File;
use gantry_api::prelude::*;

use crate::ascii::{FromWire, ToWire};

/// How much is read at once in TYPE A, in bytes.
const PIECE: usize = 64 * 1024;

/// How far a copy came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// How represented.
    pub(crate) kind: Type,
    /// Where in the file it began.
    pub(crate) offset: u64,
    /// Bytes of the file that have been moved.
    pub(crate) bytes: u64,
}

impl Progress {
    /// Nothing moved yet.
    pub(crate) fn new(kind: Type, offset: u64) -> Self {
        Self { kind, offset, bytes: 0 }
    }

    fn at(&self) -> u64 {
        self.offset.saturating_add(self.bytes)
    }

    fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }
}

/// Sends a file to its end; `progress` tells how far it came, also after an error.
pub(crate) async fn send(link: &mut dyn DataLink, file: &dyn File, progress: &mut Progress) -> Result<()> {
    if progress.kind == Type::Image {
        let sent = link.send_file(file, progress.offset).await;
        progress.bytes = sent.as_ref().map_or_else(|_| link.moved(), |bytes| *bytes);
        return sent.map(drop);
    }
    let mut converter = ToWire::default();
    loop {
        let piece = file.read_at(progress.at(), PIECE).await?;
        if piece.is_empty() {
            return Ok(());
        }
        link.send(&converter.convert(&piece)).await?;
        progress.add(piece.len());
    }
}

/// Writes what comes into a file; `progress` tells how far it came, also after an error.
pub(crate) async fn receive(link: &mut dyn DataLink, file: &dyn File, progress: &mut Progress) -> Result<()> {
    if progress.kind == Type::Image {
        let received = link.receive_file(file, progress.offset).await;
        progress.bytes = received.as_ref().map_or_else(|_| link.moved(), |bytes| *bytes);
        return received.map(drop);
    }
    let mut converter = FromWire::default();
    loop {
        let piece = link.receive().await?;
        if piece.is_empty() {
            return write(file, converter.finish().to_vec(), progress).await;
        }
        write(file, converter.convert(&piece), progress).await?;
    }
}

async fn write(file: &dyn File, piece: Vec<u8>, progress: &mut Progress) -> Result<()> {
    let length = piece.len();
    if length > 0 {
        let written = file.write_at(progress.at(), piece).await;
        written.map_err(|error| error.context("Transfer aborted"))?;
        progress.add(length);
    }
    Ok(())
}
