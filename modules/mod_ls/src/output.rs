//! Where the lines of a listing go: to the client in pieces, or into a reply.

use gantry_api::data::DataLink;
use gantry_api::prelude::*;

/// How much is gathered before it is sent, in bytes.
const PIECE: usize = 32 * 1024;

/// Takes lines.
pub(crate) enum Output {
    /// A data connection, with what is gathered for it.
    Data(Box<dyn DataLink>, Vec<u8>),
    /// The lines of a reply.
    Reply(Vec<u8>),
}

impl Output {
    /// To a data connection.
    pub(crate) fn data(link: Box<dyn DataLink>) -> Self {
        Self::Data(link, Vec::new())
    }

    /// Where the next line is appended, its CRLF included.
    pub(crate) fn lines(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Data(_, lines) | Self::Reply(lines) => lines,
        }
    }

    /// Sends what is gathered, once it is enough.
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
