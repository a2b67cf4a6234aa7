//! Replies (RFC 959 section 4.2): a code and lines of text. The caller chooses the code.

/// A reply to a command.
///
/// Its text is bytes, because it may contain file names, which need not be UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits: the outcome, the subject, and the detail.
    pub code: u16,
    /// The lines of text, without code and line end.
    pub lines: Vec<Vec<u8>>,
}

impl Reply {
    /// A reply of one line.
    #[must_use]
    pub fn new(code: u16, text: impl AsRef<[u8]>) -> Reply {
        Reply { code, lines: vec![text.as_ref().to_vec()] }
    }

    /// Adds a line.
    #[must_use]
    pub fn line(mut self, text: impl AsRef<[u8]>) -> Reply {
        self.push(text);
        self
    }

    /// Appends a line.
    pub fn push(&mut self, text: impl AsRef<[u8]>) {
        self.lines.push(text.as_ref().to_vec());
    }

    /// The text of the last line, for logs.
    #[must_use]
    pub fn last_line(&self) -> &[u8] {
        self.lines.last().map_or(&[], Vec::as_slice)
    }

    /// Appends the bytes for the control connection.
    ///
    /// Lines between first and last start with one space, as RFC 2389 and RFC 3659 require for FEAT and MLST, so that
    /// none of them looks like the last one. CR, LF and NUL in a text become `?`, so that a file name cannot forge a
    /// reply.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let code = self.code.min(999);
        let (last, others) = match self.lines.split_last() {
            Some((last, others)) => (last.as_slice(), others),
            None => (&b""[..], &[][..]),
        };
        for (at, line) in others.iter().enumerate() {
            if at == 0 {
                out.extend_from_slice(format!("{code:03}-").as_bytes());
            } else {
                out.push(b' ');
            }
            encode_line(line, out);
        }
        out.extend_from_slice(format!("{code:03} ").as_bytes());
        encode_line(last, out);
    }

    /// Whether the command has started and another reply will follow (1yz).
    #[must_use]
    pub fn is_preliminary(&self) -> bool {
        self.code / 100 == 1
    }

    /// Whether the command has succeeded (2yz).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether the client must send another command to continue (3yz).
    #[must_use]
    pub fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// Whether there is no error so far (1yz, 2yz, 3yz).
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// Whether the command failed (4yz, 5yz).
    #[must_use]
    pub fn is_negative(&self) -> bool {
        !self.is_positive()
    }

    /// Whether the same command may succeed later (4yz).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// Whether the same command will fail again (5yz).
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }
}

/// A path in the form of 257 replies: in quotes, with inner quotes doubled (RFC 959, appendix II).
#[must_use]
pub fn quoted_path(path: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(path.len() + 2);
    quoted.push(b'"');
    for &byte in path {
        if byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted
}

fn encode_line(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().map(|&byte| match byte {
        b'\r' | b'\n' | 0 => b'?',
        byte => byte,
    }));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(reply: &Reply) -> Vec<u8> {
        let mut out = Vec::new();
        reply.encode(&mut out);
        out
    }

    #[test]
    fn one_line_has_code_and_space() {
        assert_eq!(encoded(&Reply::new(220, "Hello")), b"220 Hello\r\n");
        assert_eq!(encoded(&Reply::new(200, "")), b"200 \r\n");
        let none = Reply { code: 226, lines: Vec::new() };
        assert_eq!(encoded(&none), b"226 \r\n");
    }

    #[test]
    fn lines_between_are_indented() {
        let feat = Reply::new(211, "Features:").line("MDTM").line("211 End").line("End");
        assert_eq!(encoded(&feat), b"211-Features:\r\n MDTM\r\n 211 End\r\n211 End\r\n");
        let two = Reply::new(230, "Hello").line("in");
        assert_eq!(encoded(&two), b"230-Hello\r\n230 in\r\n");
    }

    #[test]
    fn a_name_forges_no_reply() {
        let reply = Reply::new(257, quoted_path(b"/a\r\n226 done\0\xff\"b"));
        assert_eq!(encoded(&reply), b"257 \"/a??226 done?\xff\"\"b\"\r\n");
    }

    #[test]
    fn the_first_digit_tells_the_outcome() {
        assert!(Reply::new(150, "").is_preliminary());
        assert!(Reply::new(226, "").is_complete() && Reply::new(226, "").is_positive());
        assert!(Reply::new(331, "").is_intermediate() && Reply::new(331, "").is_positive());
        assert!(Reply::new(425, "").is_transient() && Reply::new(425, "").is_negative());
        assert!(Reply::new(550, "").is_permanent() && Reply::new(550, "").is_negative());
    }
}
