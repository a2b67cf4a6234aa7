//! Reads a configuration file: it must be a regular file of limited size, and is decoded
//! line by line.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// The size limit for all files of a configuration together, in bytes.
pub(crate) const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The message about other bytes.
pub(crate) const NOT_UTF8: &str = "invalid byte: a configuration must be UTF-8";

/// A file's text, and the places that are not valid text.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) bad: Vec<Bad>,
}

/// A line that is not valid text, and its first invalid character.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The line, as far as it can be shown.
    pub(crate) source: String,
    pub(crate) problem: &'static str,
}

/// Reads a regular file of at most `most` bytes, without blocking on a fifo.
pub(crate) fn load(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let too_large =
        || io::Error::new(io::ErrorKind::FileTooLarge, "File too large (a configuration has at most 64 MiB)");
    let file = open(path)?;
    let about = file.metadata()?;
    if about.len() > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Opens a regular file. The kind is checked before, because opening a device may have
/// effects, and again afterwards, because the file may have been replaced. Opening does
/// not wait for the other end of a fifo.
fn open(path: &Path) -> io::Result<File> {
    regular(fs::metadata(path)?.file_type())?;
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    regular(file.metadata()?.file_type())?;
    Ok(file)
}

fn regular(kind: FileType) -> io::Result<()> {
    match () {
        () if kind.is_file() => Ok(()),
        () if kind.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "Is a directory")),
        () if kind.is_fifo() => Err(io::Error::other("Is a fifo, not a regular file")),
        () if kind.is_socket() => Err(io::Error::other("Is a socket, not a regular file")),
        () => Err(io::Error::other("Is a device, not a regular file")),
    }
}

/// Decodes a file. Invalid bytes are reported and replaced, so that the rest can be
/// checked too.
pub(crate) fn decode(bytes: Vec<u8>) -> Text {
    let mut bad = Vec::new();
    if std::str::from_utf8(&bytes).is_ok() && !bytes.contains(&0) {
        return Text { text: String::from_utf8(bytes).unwrap_or_default(), bad };
    }
    for (number, line) in (1_u32..).zip(bytes.split(|byte| *byte == b'\n')) {
        let mut report = |at: usize, problem| {
            let before = String::from_utf8_lossy(line.get(..at).unwrap_or(line)).chars().count();
            let column = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
            bad.push(Bad { line: number, column, source: shown(line), problem });
        };
        if let Err(error) = std::str::from_utf8(line) {
            report(error.valid_up_to(), NOT_UTF8);
        }
        if let Some(at) = line.iter().position(|byte| *byte == 0) {
            report(at, "NUL byte in configuration");
        }
    }
    Text { text: shown(&bytes), bad }
}

/// The bytes as text, with a mark for each invalid one.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
}

/// A system error without its number, as ProFTPD words it.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
