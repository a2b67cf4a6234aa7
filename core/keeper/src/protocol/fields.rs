//! The fields of a packet: numbers little-endian, texts after a length of two bytes.

use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

/// The maximum size of a packet, in bytes.
pub(crate) const PACKET: usize = 16 * 1024;

/// A packet that is not of the protocol, or a field that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The packet ends too early.
    #[error("the packet ends too early")]
    Short,
    /// Something follows the last field.
    #[error("the packet has bytes after its last field")]
    Long,
    /// A number that means nothing.
    #[error("the packet has an unknown number in '{0}'")]
    Number(&'static str),
    /// A field is longer than it may be.
    #[error("'{0}' is too long")]
    Size(&'static str),
    /// A field is not text, or has a NUL byte.
    #[error("'{0}' is not text")]
    Text(&'static str),
}

/// Writes a packet.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    pub(super) fn new(version: u8) -> Self {
        // Allocated at its full size, because growing would leave a copy of a password behind.
        let mut bytes = Vec::with_capacity(PACKET);
        bytes.push(version);
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn number(&mut self, number: u8) -> &mut Self {
        self.0.push(number);
        self
    }

    pub(super) fn id(&mut self, id: u64) -> &mut Self {
        self.0.extend_from_slice(&id.to_le_bytes());
        self
    }

    pub(super) fn millis(&mut self, time: Duration) -> &mut Self {
        let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&millis.to_le_bytes());
        self
    }

    pub(super) fn text(&mut self, name: &'static str, text: &str, most: usize) -> Result<&mut Self, Fault> {
        if text.contains('\0') {
            return Err(Fault::Text(name));
        }
        self.bytes(name, text.as_bytes(), most)
    }

    pub(super) fn bytes(&mut self, name: &'static str, bytes: &[u8], most: usize) -> Result<&mut Self, Fault> {
        let length = u16::try_from(bytes.len()).ok().filter(|_| bytes.len() <= most).ok_or(Fault::Size(name))?;
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(bytes);
        Ok(self)
    }

    pub(super) fn int(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    pub(super) fn packet(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// Reads a packet.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(packet: &'a [u8], version: u8) -> Result<Self, Fault> {
        let mut reader = Self(packet);
        match reader.number()? == version {
            true => Ok(reader),
            false => Err(Fault::Number("version")),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Fault::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N)?.try_into().map_err(|_| Fault::Short)
    }

    pub(super) fn number(&mut self) -> Result<u8, Fault> {
        self.array().map(|[number]| number)
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, Fault> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Fault::Number(name)),
        }
    }

    pub(super) fn id(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn int(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn millis(&mut self) -> Result<Duration, Fault> {
        self.array().map(|bytes| Duration::from_millis(u32::from_le_bytes(bytes).into()))
    }

    pub(super) fn bytes(&mut self, name: &'static str, most: usize) -> Result<&'a [u8], Fault> {
        let length = usize::from(self.array().map(u16::from_le_bytes)?);
        match length <= most {
            true => self.take(length),
            false => Err(Fault::Size(name)),
        }
    }

    pub(super) fn secret(&mut self, name: &'static str, most: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.bytes(name, most).map(|bytes| Zeroizing::new(bytes.to_vec()))
    }

    pub(super) fn text(&mut self, name: &'static str, most: usize) -> Result<String, Fault> {
        let text = std::str::from_utf8(self.bytes(name, most)?).map_err(|_| Fault::Text(name))?;
        match text.contains('\0') {
            true => Err(Fault::Text(name)),
            false => Ok(text.to_owned()),
        }
    }

    pub(super) fn end(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::Long) }
    }
}
