//! The output of a listing: to the client in pieces, or into a reply.

use gantry_api::data::DataLink;
use gantry_api::prelude::*;

/// How many bytes to collect before sending them.
const PIECE: usize = 32 * 1024;

/// Takes lines.
pub(crate) enum Output {
    /// A data connection, with the bytes collected for it.
    Data(Box<dyn DataLink>, Vec<u8>),
    /// The lines of a reply.
    Reply(Vec<u8>),
}

impl Output {
    /// To a data connection.
    pub(crate) fn data(link: Box<dyn DataLink>) -> Self {
        Self::Data(link, Vec::new())
    }

    /// The buffer for the next line, including its CRLF.
    pub(crate) fn lines(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Data(_, lines) | Self::Reply(lines) => lines,
        }
    }

    /// Sends the collected bytes if there are enough.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        match self {
            Self::Data(link, lines) if lines.len() >= PIECE => {
                link.send(lines).await?;
                lines.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Sends the rest and closes.
    pub(crate) async fn finish(self) -> Result<()> {
        let Self::Data(mut link, lines) = self else { return Ok(()) };
        if !lines.is_empty() {
            link.send(&lines).await?;
        }
        link.finish().await
    }
}
