//! TYPE A (RFC 959 section 3.1.1.1): lines end with LF in files and with CRLF on the wire. Text is converted piece by
//! piece, wherever the pieces are cut.

/// Makes CRLF of LF.
#[derive(Debug, Default)]
pub struct ToWire {
    after_cr: bool,
}

impl ToWire {
    /// The next piece for the wire. An LF after a CR stays unchanged, since that line ends
    /// correctly already.
    #[must_use]
    pub fn convert(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() + piece.len() / 16 + 1);
        for &byte in piece {
            if byte == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            out.push(byte);
            self.after_cr = byte == b'\r';
        }
        out
    }
}

/// Makes LF of CRLF. A CR without a following LF stays.
#[derive(Debug, Default)]
pub struct FromWire {
    held_cr: bool,
}

impl FromWire {
    /// The next piece for the file. A CR at the end of a piece is held back until the next piece
    /// shows what follows.
    #[must_use]
    pub fn convert(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() + 1);
        for &byte in piece {
            if self.held_cr && byte != b'\n' {
                out.push(b'\r');
            }
            self.held_cr = byte == b'\r';
            if !self.held_cr {
                out.push(byte);
            }
        }
        out
    }

    /// The held-back bytes at the end of the transfer.
    #[must_use]
    pub fn finish(self) -> &'static [u8] {
        if self.held_cr { b"\r" } else { b"" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Converts `text` in two pieces, cut at every place.
    fn all_cuts(text: &[u8], convert: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> Vec<u8> {
        let whole = convert(text, b"");
        for at in 0..=text.len() {
            assert_eq!(convert(&text[..at], &text[at..]), whole, "cut at {at}");
        }
        whole
    }

    #[test]
    fn lines_go_out_with_crlf() {
        let out = |text: &[u8]| {
            all_cuts(text, |a, b| {
                let mut converter = ToWire::default();
                [converter.convert(a), converter.convert(b)].concat()
            })
        };
        assert_eq!(out(b"a\nb\n"), b"a\r\nb\r\n");
        assert_eq!(out(b"a\r\nb\nc\rd"), b"a\r\nb\r\nc\rd");
        assert_eq!(out(b"\n\n\r\r\n"), b"\r\n\r\n\r\r\n");
    }

    #[test]
    fn lines_come_in_with_lf() {
        let come = |text: &[u8]| {
            all_cuts(text, |a, b| {
                let mut converter = FromWire::default();
                let mut all = [converter.convert(a), converter.convert(b)].concat();
                all.extend_from_slice(converter.finish());
                all
            })
        };
        assert_eq!(come(b"a\r\nb\nc\rd"), b"a\nb\nc\rd");
        assert_eq!(come(b"\r\r\n\r"), b"\r\n\r");
        assert_eq!(come(b"\r\n"), b"\n");
        assert_eq!(come(b""), b"");
    }
}
