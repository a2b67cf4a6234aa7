//! The layer. Each side first sends HELLO and its seed, the client first. Then it sends scrambled
//! records: a length of two bytes, and that many bytes. An empty record is the last.

use gantry_api::layer::{Layer, Stage};
use gantry_api::prelude::*;

const HELLO: &[u8; 8] = b"SCRAMBLE";
/// The longest record, in bytes.
const LONGEST: usize = 16 << 10;

/// One connection's scrambling.
pub(crate) struct Scramble {
    stage: Stage,
    seed: u32,
    incoming: Stream,
    outgoing: Stream,
    /// The start of an incomplete message.
    held: Vec<u8>,
    received: u64,
}

impl Scramble {
    /// For a new connection.
    pub(crate) fn new(seed: u32) -> Self {
        let (incoming, outgoing) = (Stream(0), Stream(0));
        Self { stage: Stage::Opening, seed, incoming, outgoing, held: Vec::new(), received: 0 }
    }

    /// Takes the client's hello.
    fn hello(&mut self, answer: &mut Vec<u8>) -> Result<()> {
        let Some((hello, rest)) = self.held.split_at_checked(HELLO.len() + 4) else { return Ok(()) };
        let (Some(seed), true) = (hello.last_chunk(), hello.starts_with(HELLO)) else {
            return Err(garbage());
        };
        let theirs = u32::from_be_bytes(*seed);
        (self.incoming, self.outgoing) = (Stream::new(theirs, self.seed), Stream::new(self.seed, theirs));
        answer.extend_from_slice(HELLO);
        answer.extend_from_slice(&self.seed.to_be_bytes());
        self.stage = Stage::Open;
        // Records may follow it directly.
        self.held = rest.to_vec();
        Ok(())
    }

    /// Takes a record; false if it is not complete.
    fn record(&mut self, plain: &mut Vec<u8>) -> Result<bool> {
        let Some((head, _)) = self.held.split_first_chunk::<2>() else { return Ok(false) };
        let mut stream = self.incoming;
        let length = usize::from(u16::from_be_bytes(head.map(|byte| stream.scramble(byte))));
        if length > LONGEST {
            return Err(garbage());
        }
        let Some(bytes) = self.held.get(2..2 + length) else { return Ok(false) };
        plain.extend(bytes.iter().map(|byte| stream.scramble(*byte)));
        self.held.drain(..2 + length);
        self.incoming = stream;
        self.received += length as u64;
        if length == 0 {
            self.stage = Stage::Closed;
        }
        Ok(true)
    }

    fn put(&mut self, bytes: &[u8], wire: &mut Vec<u8>) {
        let length = (bytes.len() as u16).to_be_bytes();
        let scrambled = length.iter().chain(bytes).map(|byte| self.outgoing.scramble(*byte));
        wire.extend(scrambled);
    }
}

impl Layer for Scramble {
    fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<usize> {
        self.held.extend_from_slice(wire);
        if self.stage == Stage::Opening {
            self.hello(answer)?;
        }
        while self.stage == Stage::Open && self.record(plain)? {}
        match self.stage {
            // Bytes after the last record do not belong to this layer.
            Stage::Closed => Ok(wire.len() - std::mem::take(&mut self.held).len().min(wire.len())),
            Stage::Opening | Stage::Open => Ok(wire.len()),
        }
    }

    fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()> {
        plain.chunks(LONGEST).for_each(|piece| self.put(piece, wire));
        Ok(())
    }

    fn close(&mut self, wire: &mut Vec<u8>) -> Result<()> {
        self.put(&[], wire);
        Ok(())
    }

    fn stage(&self) -> Result<Stage> {
        Ok(self.stage)
    }

    fn cut(&mut self) -> Result<()> {
        refuse(426, "Transfer aborted. Data connection closed without its last record")
    }

    fn facts(&self) -> Value {
        Value::map([("layer", "scramble".into()), ("received", self.received.into())])
    }
}

fn garbage() -> Error {
    Error::client(426, "Transfer aborted. The data was not scrambled")
}

/// The bytes to mix in, for one direction (xorshift64*).
#[derive(Clone, Copy)]
struct Stream(u64);

impl Stream {
    /// For the data that one side sends, from its seed and the other's.
    fn new(own: u32, other: u32) -> Self {
        Self((u64::from(own) << 32 | u64::from(other)) | 1)
    }

    fn scramble(&mut self, byte: u8) -> u8 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        byte ^ (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 56) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An open layer, and the client's two directions: to the server, and to itself.
    fn open(piece: usize) -> (Scramble, Stream, Stream) {
        let mut layer = Scramble::new(7);
        let (mut plain, mut answer) = (Vec::new(), Vec::new());
        for bytes in b"SCRAMBLE\0\0\0\x05".chunks(piece) {
            assert_eq!(layer.stage().unwrap(), Stage::Opening);
            layer.receive(bytes, &mut plain, &mut answer).unwrap();
        }
        assert_eq!((plain.as_slice(), answer.as_slice()), (&b""[..], &b"SCRAMBLE\0\0\0\x07"[..]));
        (layer, Stream::new(5, 7), Stream::new(7, 5))
    }

    fn record(bytes: &[u8], stream: &mut Stream) -> Vec<u8> {
        let length = (bytes.len() as u16).to_be_bytes();
        length.iter().chain(bytes).map(|byte| stream.scramble(*byte)).collect()
    }

    #[test]
    fn bytes_come_through_however_they_are_cut() {
        for piece in 1..20 {
            let (mut layer, mut to_server, _) = open(piece);
            let wire = [record(b"one ", &mut to_server), record(b"two", &mut to_server)].concat();
            let mut plain = Vec::new();
            for bytes in wire.chunks(piece) {
                assert_eq!(layer.receive(bytes, &mut plain, &mut Vec::new()).unwrap(), bytes.len());
            }
            assert_eq!(plain, b"one two");
        }
    }

    #[test]
    fn what_is_sent_is_scrambled_in_records() {
        let (mut layer, _, mut to_client) = open(12);
        let mut wire = Vec::new();
        layer.send(&[9; LONGEST + 1], &mut wire).unwrap();
        layer.close(&mut wire).unwrap();
        let expected =
            [record(&[9; LONGEST], &mut to_client), record(&[9], &mut to_client), record(&[], &mut to_client)];
        assert_eq!(wire, expected.concat());
    }

    #[test]
    fn the_last_record_ends_it() {
        let (mut layer, mut to_server, _) = open(12);
        let wire = [record(b"end", &mut to_server), record(b"", &mut to_server), b"plain".to_vec()].concat();
        let mut plain = Vec::new();
        assert_eq!(layer.receive(&wire, &mut plain, &mut Vec::new()).unwrap(), wire.len() - 5);
        assert_eq!((plain.as_slice(), layer.stage().unwrap()), (&b"end"[..], Stage::Closed));
    }

    #[test]
    fn garbage_is_an_error() {
        let receive = |layer: &mut Scramble, bytes: &[u8]| layer.receive(bytes, &mut Vec::new(), &mut Vec::new());
        assert!(receive(&mut Scramble::new(7), b"USER alice\r\n").is_err());
        let (mut layer, mut to_server, _) = open(12);
        let long: Vec<u8> = [0xff, 0xff].map(|byte| to_server.scramble(byte)).to_vec();
        assert!(receive(&mut layer, &long).is_err());
    }
}
