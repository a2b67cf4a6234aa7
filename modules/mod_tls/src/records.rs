//! Where TLS's records end on the wire (RFC 8446 section 5.1): three bytes, a length of two, and the record.

const HEAD: usize = 5;

/// The position in the current record.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// The bytes of its header received so far.
    head: usize,
    /// Its length, as far as received; then the bytes still missing.
    left: usize,
}

impl Records {
    /// How many of these bytes belong to the current record.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> usize {
        let mut count = 0;
        for byte in bytes.iter().take(HEAD - self.head) {
            self.head += 1;
            count += 1;
            match self.head {
                4 => self.left = usize::from(*byte) << 8,
                5 => self.left |= usize::from(*byte),
                _ => {}
            }
        }
        if self.head == HEAD {
            let body = self.left.min(bytes.len() - count);
            self.left -= body;
            count += body;
            if self.left == 0 {
                *self = Self::default();
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_their_length_says() {
        let wire = [&[22, 3, 1, 0, 3, 1, 2, 3][..], &[21, 3, 3, 0, 0], &[23, 3, 3, 1, 0], &[7; 256]].concat();
        for piece in 1..wire.len() {
            let (mut records, mut ends, mut at) = (Records::default(), Vec::new(), 0);
            for bytes in wire.chunks(piece) {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let count = records.next(rest);
                    assert!(count > 0);
                    at += count;
                    rest = &rest[count..];
                    if records.head == 0 {
                        ends.push(at);
                    }
                }
            }
            assert_eq!(ends, [8, 13, 13 + 5 + 256], "{piece}");
        }
    }
}
