//! RANG (draft-bryan-ftp-range): the first and the last byte of the next transfer.

use gantry_api::files::{File, Metadata};
use gantry_api::meter::{Grant, Meter};
use gantry_api::prelude::*;
use gantry_api::transfer::Direction;
use gantry_api::{Promise, Type};

command! {
    /// Sets the first and the last byte of the next transfer.
    RANG "<sp> start-point <sp> end-point", class: MISC, feature: "RANG STREAM", at_once: range;
}

fn range(at: &mut Moment<'_>) -> Result<Step> {
    let words: Vec<&[u8]> = at.command.argument.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
    let [first, last] = words[..] else {
        let line = [b"RANG ", &at.command.argument[..]].concat();
        return refuse(500, format!("'{}' not understood", String::from_utf8_lossy(line.trim_ascii_end())));
    };
    let (Some(first), Some(last)) = (number(first), number(last)) else {
        return refuse(501, "RANG requires a value greater than or equal to 0");
    };
    if (first, last) == (1, 0) {
        at.dialogue.range = None;
        at.respond(350, "Reset byte transfer range");
        return Ok(Step::Done);
    }
    if first > last {
        return refuse(501, "RANG start must be less than end");
    }
    // Bytes of a text on the wire are not those of the file.
    if at.dialogue.kind == Type::Ascii {
        return refuse(551, "RANG: Transfer ranges not allowed in ASCII mode");
    }
    (at.dialogue.range, at.dialogue.restart) = (Some((first, last)), 0);
    let count = last.saturating_sub(first).saturating_add(1);
    let bytes = if count == 1 { "byte" } else { "bytes" };
    at.respond(350, format!("Transferring byte range of {count} {bytes} starting from {first}"));
    Ok(Step::Done)
}

/// No file is longer than the system's signed offsets reach.
fn number(word: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(word).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|number| *number < i64::MAX as u64)
}

/// A file up to an offset, to be read.
pub(crate) struct Until {
    /// The file.
    pub(crate) file: Box<dyn File>,
    /// The offset.
    pub(crate) end: u64,
}

impl File for Until {
    fn metadata(&self) -> Promise<'_, Metadata> {
        self.file.metadata()
    }

    fn read_at(&self, offset: u64, most: usize) -> Promise<'_, Vec<u8>> {
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        match left.min(most) {
            0 => Promise::now(Ok(Vec::new())),
            most => self.file.read_at(offset, most),
        }
    }

    fn write_at(&self, offset: u64, bytes: Vec<u8>) -> Promise<'_, ()> {
        self.file.write_at(offset, bytes)
    }

    fn truncate(&self, length: u64) -> Promise<'_, ()> {
        self.file.truncate(length)
    }
}

/// Ends an upload that is longer than its range.
pub(crate) struct RangeMeter {
    /// How many bytes may still come.
    pub(crate) left: u64,
}

impl Meter for RangeMeter {
    fn grant(&mut self, _: Direction, most: u64) -> Result<Grant> {
        match self.left {
            0 => refuse(426, "Transfer aborted. Operation not permitted"),
            left => Ok(Grant::Bytes(left.min(most))),
        }
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        self.left = self.left.saturating_sub(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_whole_and_within_reach() {
        assert_eq!(number(b"0"), Some(0));
        for bad in [&b""[..], b"-1", b"+1", b"1x", b"9223372036854775807", b"\xff"] {
            assert_eq!(number(bad), None);
        }
    }
}
