//! Splits a stream of bytes into command lines with limited memory: handles line ends and Telnet's control functions
//! (RFC 854, RFC 1123 section 4.1.2.10). The contents of lines do not matter here.

use std::fmt;

/// How many lines of the maximum length may wait before [`Lines::is_full`].
const FULL: usize = 4;

const IAC: u8 = 255;
const DONT: u8 = 254;
const WONT: u8 = 252;

/// The most answers to Telnet's requests, in bytes, that wait to be sent; further requests are ignored.
const ANSWERS: usize = 48;

/// Assembles lines from the pieces that the network delivers.
///
/// It holds at most four lines of the maximum length plus the last push, if its owner does not push while it is full.
/// While no bytes wait, it holds no memory.
#[derive(Debug)]
pub struct Lines {
    max: usize,
    /// The waiting lines, each with its LF, then the unfinished line.
    buffer: Vec<u8>,
    /// The start of the first waiting line.
    read: usize,
    /// The start of the unfinished line.
    partial: usize,
    /// Whether to drop bytes up to the next LF.
    skipping: bool,
    telnet: Telnet,
    /// Refusals of Telnet's options that are to be sent.
    answers: Vec<u8>,
}

/// A line was too long and was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// The state of the Telnet parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telnet {
    Data,
    /// After IAC.
    Command,
    /// After IAC WILL or DO, and the refusal of what comes.
    Request(u8),
    /// After IAC WONT or DONT.
    Option,
}

impl Lines {
    /// Accepts lines of up to `max` bytes, without their line ends.
    #[must_use]
    pub const fn new(max: usize) -> Lines {
        Lines {
            max,
            buffer: Vec::new(),
            read: 0,
            partial: 0,
            skipping: false,
            telnet: Telnet::Data,
            answers: Vec::new(),
        }
    }

    /// Adds bytes from the network.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        for &byte in bytes {
            self.telnet = match (self.telnet, byte) {
                (Telnet::Data, IAC) => Telnet::Command,
                (Telnet::Data, _) => self.data(byte),
                (Telnet::Command, IAC) => self.data(IAC),
                (Telnet::Command, 251) => Telnet::Request(DONT),
                (Telnet::Command, 253) => Telnet::Request(WONT),
                (Telnet::Command, 252 | 254) => Telnet::Option,
                (Telnet::Request(refusal), _) => self.refuse(refusal, byte),
                (Telnet::Command, 240..=250) | (Telnet::Option, _) => Telnet::Data,
                (Telnet::Command, _) => self.undoubled(byte),
            };
        }
    }

    /// The next line, without the bytes that end it; `None` if more bytes are needed.
    ///
    /// A line that is too long is reported once, in order, as soon as it is known.
    pub fn next_line(&mut self) -> Option<Result<Vec<u8>, TooLong>> {
        let waiting = self.buffer.get(self.read..self.partial)?;
        let len = waiting.iter().position(|&b| b == b'\n')?;
        let line = waiting.get(..len)?;
        let end = line.iter().rposition(|&byte| byte != b'\r').map_or(0, |last| last + 1);
        let line = line.get(..end).unwrap_or_default();
        let line = if line.len() > self.max { Err(TooLong) } else { Ok(line.to_vec()) };
        self.read += len + 1;
        self.release();
        Some(line)
    }

    /// Refusals of the Telnet options that the client asked for (RFC 854), to be sent before anything else.
    pub fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Whether a line is waiting.
    #[must_use]
    pub fn has_line(&self) -> bool {
        self.read < self.partial
    }

    /// Whether the owner should take a line before it reads more from the network.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.has_line() && self.waiting() >= self.max.saturating_mul(FULL)
    }

    /// Whether nothing is waiting, not even an unfinished line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting() == 0 && !self.skipping && self.telnet == Telnet::Data
    }

    /// Drops all bytes that have not been taken, and returns their number. For a change to TLS: bytes that came before in
    /// clear text must not count as protected.
    pub fn discard_buffered(&mut self) -> usize {
        let mut dropped = self.waiting();
        if self.telnet != Telnet::Data || self.skipping {
            dropped += 1;
        }
        *self = Lines::new(self.max);
        dropped
    }

    fn refuse(&mut self, refusal: u8, option: u8) -> Telnet {
        if self.answers.len() < ANSWERS {
            self.answers.extend([IAC, refusal, option]);
        }
        Telnet::Data
    }

    fn waiting(&self) -> usize {
        self.buffer.len().saturating_sub(self.read)
    }

    /// Adds a byte that does not belong to Telnet.
    fn data(&mut self, byte: u8) -> Telnet {
        let end = byte == b'\n';
        if self.skipping {
            self.skipping = !end;
            return Telnet::Data;
        }
        let len = self.buffer.len().saturating_sub(self.partial);
        // One byte more than `max` may be the CR of the line end.
        let too_long = !end && (len > self.max || (len == self.max && byte != b'\r'));
        // The extra byte marks the line as too long. It is no CR, which would not count.
        self.buffer.push(if too_long { b'?' } else { byte });
        if too_long {
            self.buffer.push(b'\n');
            self.skipping = true;
        }
        if end || too_long {
            self.partial = self.buffer.len();
        }
        Telnet::Data
    }

    /// Adds a byte after an IAC that does not start a Telnet function.
    ///
    /// At the start of a line this is the rest of `IAC DM ABOR`, whose DM came as urgent data: the IAC is dropped. Inside
    /// a line it is Latin-1's y with diaeresis from a client that does not double it: the IAC is kept.
    fn undoubled(&mut self, byte: u8) -> Telnet {
        if self.buffer.len() > self.partial {
            self.data(IAC);
        }
        self.data(byte)
    }

    fn compact(&mut self) {
        self.buffer.drain(..self.read.min(self.buffer.len()));
        self.partial = self.partial.saturating_sub(self.read);
        self.read = 0;
    }

    /// Frees the memory once everything has been taken.
    fn release(&mut self) {
        if self.read >= self.buffer.len() {
            self.buffer = Vec::new();
            self.read = 0;
            self.partial = 0;
        }
    }
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("command line too long")
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines) -> Vec<Result<Vec<u8>, TooLong>> {
        std::iter::from_fn(|| lines.next_line()).collect()
    }

    fn ok(line: &[u8]) -> Result<Vec<u8>, TooLong> {
        Ok(line.to_vec())
    }

    #[test]
    fn lines_come_whole_from_any_pieces() {
        let stream = b"USER a\r\nPASS b \nNOOP\r\r\n\r\n\xff\xf4\xff\xf2ABOR\r\nCWD \xff\xff\xff\xfb\x01x\r\n";
        for size in 1..stream.len() {
            let mut lines = Lines::new(20);
            let mut got = Vec::new();
            for piece in stream.chunks(size) {
                lines.push(piece);
                got.extend(all(&mut lines));
            }
            let want: [&[u8]; 6] = [b"USER a", b"PASS b ", b"NOOP", b"", b"ABOR", b"CWD \xffx"];
            assert_eq!(got, want.map(ok), "pieces of {size}");
            assert!(lines.is_empty());
        }
    }

    #[test]
    fn telnets_options_are_refused() {
        let mut lines = Lines::new(20);
        lines.push(b"\xff\xfb\x01\xff\xfd\x03\xff\xfc\x01\xff\xfe\x03PWD\r\n");
        assert_eq!(lines.take_answers(), b"\xff\xfe\x01\xff\xfc\x03");
        assert_eq!(all(&mut lines), [ok(b"PWD")]);
        lines.push(&b"\xff\xfb\x01".repeat(1000));
        assert_eq!((lines.take_answers().len(), lines.take_answers().len()), (ANSWERS, 0));
    }

    #[test]
    fn the_greatest_length_does_not_count_the_end() {
        let mut lines = Lines::new(4);
        lines.push(b"1234\r\n1234\n12345\r\nNOOP\r\n1234\r5\n1234\r\r\nX\r\n");
        let want = [ok(b"1234"), ok(b"1234"), Err(TooLong), ok(b"NOOP"), Err(TooLong), Err(TooLong), ok(b"X")];
        assert_eq!(all(&mut lines), want);
    }

    #[test]
    fn an_endless_line_is_reported_once_and_takes_no_memory() {
        let mut lines = Lines::new(1000);
        let mut got = Vec::new();
        for _ in 0..1000 {
            lines.push(&[b'x'; 4096]);
            got.extend(all(&mut lines));
            assert!(lines.buffer.capacity() < 16 * 1024);
        }
        assert_eq!(got, [Err(TooLong)]);
        lines.push(b"x\nNOOP\n");
        assert_eq!(all(&mut lines), [ok(b"NOOP")]);
    }

    #[test]
    fn an_idle_session_holds_nothing() {
        let mut lines = Lines::new(1000);
        lines.push(b"NOOP\r\n");
        assert!(lines.has_line());
        lines.next_line();
        assert!(lines.is_empty());
        assert_eq!(lines.buffer.capacity(), 0);
    }

    #[test]
    fn pipelined_lines_fill_it() {
        let mut lines = Lines::new(10);
        while !lines.is_full() {
            lines.push(b"NOOP\r\n");
        }
        assert!(lines.buffer.len() <= 46);
        assert!(all(&mut lines).iter().all(|line| *line == ok(b"NOOP")));
        assert!(!lines.is_full());
    }

    #[test]
    fn what_was_sent_ahead_of_tls_can_be_dropped() {
        let mut lines = Lines::new(100);
        lines.push(b"AUTH TLS\r\nUSER evil\r\nPA\xff");
        assert_eq!(lines.next_line(), Some(ok(b"AUTH TLS")));
        assert_eq!(lines.discard_buffered(), 14);
        assert!(lines.is_empty());
        lines.push(b"SS x\r\n");
        assert_eq!(all(&mut lines), [ok(b"SS x")]);
    }

    #[test]
    fn a_lone_iac_is_dropped_before_a_command_and_kept_within() {
        let mut lines = Lines::new(100);
        lines.push(b"\xff\xf4\xffABOR\r\nCWD \xffber\r\nCWD \xff\r\n");
        let want = [ok(b"ABOR"), ok(b"CWD \xffber"), ok(b"CWD \xff")];
        assert_eq!(all(&mut lines), want);
    }

    #[test]
    fn junk_does_no_harm() {
        let mut lines = Lines::new(16);
        let mut seed = 1_u32;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = [b'\n', b'\r', 255, 0, b'A', 253][(seed >> 24) as usize % 6];
            lines.push(&[byte, (seed >> 16) as u8]);
            if seed & 0x100 != 0 {
                for line in all(&mut lines).into_iter().flatten() {
                    assert!(line.len() <= 16 && !line.contains(&b'\n'));
                }
            }
        }
    }
}
