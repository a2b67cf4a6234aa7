//! The state around a control connection: no layer, a layer, or a layer that is being removed.
//! Bytes only: the connection does the I/O.

use std::time::Duration;

use gantry_api::layer::{Layer, Stage};
use gantry_api::{Error, Result, Value};

use crate::wire::stack::Stack;

/// The layer around a control connection, and the bytes to write to it.
#[derive(Default)]
pub struct Wrapping {
    stack: Option<Stack>,
    /// The running command's change, applied after its reply has been sent.
    wanted: Option<Change>,
    /// Whether the layer is being removed, and the peer's close is awaited.
    closing: bool,
    /// Whether the layer has not received any bytes from the client yet.
    fresh: bool,
    /// Bytes for the wire, in order.
    pub out: Vec<u8>,
}

enum Change {
    Secure(Box<dyn Layer>),
    Clear,
}

/// The result of reading some bytes from the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing for the session.
    Nothing,
    /// Plain bytes, or the layer has opened.
    Something,
    /// The peer has closed the layer without being asked to.
    End,
}

impl Wrapping {
    /// Requests a layer around the connection.
    pub fn secure(&mut self, layer: Box<dyn Layer>) -> Result<()> {
        if self.stack.is_some() || self.wanted.is_some() {
            return Err(Error::client(503, "The control connection is already protected"));
        }
        self.wanted = Some(Change::Secure(layer));
        Ok(())
    }

    /// Requests that the layer be removed.
    pub fn clear(&mut self) -> Result<()> {
        if self.stack.is_none() || self.closing {
            return Err(Error::client(503, "The control connection is not protected"));
        }
        self.wanted = Some(Change::Clear);
        Ok(())
    }

    /// The command's reply has been sent; if it was positive, the requested change is applied.
    pub fn switch(&mut self, agreed: bool) -> Result<()> {
        match self.wanted.take().filter(|_| agreed) {
            None => Ok(()),
            Some(Change::Secure(layer)) => {
                self.fresh = true;
                self.stack = Stack::new(vec![layer]);
                // The layer may speak first.
                self.take(&[], &mut Vec::new()).map(drop)
            }
            Some(Change::Clear) => {
                self.closing = true;
                self.stack.as_mut().map_or(Ok(()), |stack| stack.close(&mut self.out))
            }
        }
    }

    /// Whether there is a layer around the connection.
    pub fn is_wrapped(&self) -> bool {
        self.stack.is_some()
    }

    /// Whether nothing can be sent yet.
    pub fn is_opening(&self) -> bool {
        self.stack.as_ref().is_some_and(|stack| matches!(stack.stage(), Ok(Stage::Opening)))
    }

    /// The time limit for opening the layer.
    pub fn time_to_open(&self) -> Option<Duration> {
        self.stack.as_ref().and_then(Stack::time_to_open)
    }

    /// Whether no byte has arrived under the layer's protection yet.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Whether the peer has closed the layer without being asked to.
    pub fn is_ended(&self) -> bool {
        let is_closed = |stack: &Stack| matches!(stack.stage(), Ok(Stage::Closed));
        !self.closing && self.stack.as_ref().is_some_and(is_closed)
    }

    /// Facts about the layer.
    pub fn facts(&self) -> Value {
        self.stack.as_ref().map_or(Value::None, Stack::facts)
    }

    /// Takes plain bytes for the client. While a layer is opening, nobody could read them, so they
    /// are dropped.
    pub fn send(&mut self, plain: &[u8]) -> Result<()> {
        match &mut self.stack {
            Some(stack) if !self.closing => match stack.stage()? {
                Stage::Opening => Ok(()),
                Stage::Open | Stage::Closed => stack.send(plain, &mut self.out),
            },
            _ => {
                self.out.extend_from_slice(plain);
                Ok(())
            }
        }
    }

    /// Takes bytes from the wire; the decoded bytes go to `plain`.
    pub fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>) -> Result<Reading> {
        self.fresh = false;
        let was_opening = self.is_opening();
        let taken = self.take(wire, plain)?;
        let Some(stack) = &self.stack else { return Ok(Reading::Something) };
        if stack.stage()? == Stage::Closed {
            if !self.closing {
                // The last bytes under the layer come first.
                return Ok(if plain.is_empty() { Reading::End } else { Reading::Something });
            }
            // Closed on both sides: bytes after the peer's close are plain.
            plain.extend_from_slice(wire.get(taken..).unwrap_or_default());
            (self.stack, self.closing) = (None, false);
        }
        let opened = was_opening && !self.is_opening();
        Ok(if plain.is_empty() && !opened { Reading::Nothing } else { Reading::Something })
    }

    fn take(&mut self, wire: &[u8], plain: &mut Vec<u8>) -> Result<usize> {
        match &mut self.stack {
            Some(stack) => stack.receive(wire, plain, &mut self.out),
            None => {
                plain.extend_from_slice(wire);
                Ok(wire.len())
            }
        }
    }

    /// The wire has ended.
    pub fn cut(&mut self) -> Result<()> {
        self.stack.as_mut().map_or(Ok(()), Stack::cut)
    }

    /// Closes the layer if there is one and it has opened.
    pub fn close(&mut self) -> Result<()> {
        match &mut self.stack {
            Some(stack) if !self.closing && stack.stage()? != Stage::Opening => {
                self.closing = true;
                stack.close(&mut self.out)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens when it receives `?`, which it answers with `!`; swaps the case of letters; a full
    /// stop closes it.
    struct Toy(Stage);

    impl Layer for Toy {
        fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<usize> {
            for (at, byte) in wire.iter().enumerate() {
                match (self.0, byte) {
                    (Stage::Opening, b'?') => {
                        answer.push(b'!');
                        self.0 = Stage::Open;
                    }
                    (Stage::Open, b'.') => {
                        self.0 = Stage::Closed;
                        return Ok(at + 1);
                    }
                    (Stage::Open, byte) => plain.push(byte ^ 0x20),
                    _ => return Err(Error::client(426, "garbage")),
                }
            }
            Ok(wire.len())
        }

        fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()> {
            wire.extend(plain.iter().map(|byte| byte ^ 0x20));
            Ok(())
        }

        fn close(&mut self, wire: &mut Vec<u8>) -> Result<()> {
            wire.push(b'.');
            Ok(())
        }

        fn stage(&self) -> Result<Stage> {
            Ok(self.0)
        }
    }

    fn secured() -> Wrapping {
        let mut wrapping = Wrapping::default();
        wrapping.secure(Box::new(Toy(Stage::Opening))).unwrap();
        wrapping.switch(true).unwrap();
        wrapping
    }

    fn receive(wrapping: &mut Wrapping, wire: &[u8]) -> (Reading, Vec<u8>) {
        let mut plain = Vec::new();
        (wrapping.receive(wire, &mut plain).unwrap(), plain)
    }

    #[test]
    fn a_layer_takes_effect_with_a_positive_reply_alone() {
        let mut wrapping = Wrapping::default();
        wrapping.secure(Box::new(Toy(Stage::Opening))).unwrap();
        assert_eq!(wrapping.secure(Box::new(Toy(Stage::Opening))).unwrap_err().code(), Some(503));
        assert!(!wrapping.is_wrapped(), "the reply is still sent unprotected");
        wrapping.switch(false).unwrap();
        assert!(!wrapping.is_wrapped());
        wrapping.switch(true).unwrap();
        assert!(!wrapping.is_wrapped(), "a refused change is forgotten");
        assert!(secured().is_wrapped());
    }

    #[test]
    fn nothing_is_said_while_a_layer_opens() {
        let mut wrapping = secured();
        assert!(wrapping.is_opening() && wrapping.is_fresh());
        wrapping.send(b"a").unwrap();
        assert!(wrapping.out.is_empty());
        // The session must learn that it has opened.
        assert_eq!(receive(&mut wrapping, b"?"), (Reading::Something, Vec::new()));
        assert!(!wrapping.is_opening() && !wrapping.is_fresh());
        wrapping.send(b"a").unwrap();
        assert_eq!(wrapping.out, b"!A");
        assert_eq!(receive(&mut wrapping, b"XY"), (Reading::Something, b"xy".to_vec()));
        assert_eq!(receive(&mut wrapping, b""), (Reading::Nothing, Vec::new()));
    }

    #[test]
    fn a_layer_is_taken_off_when_both_sides_have_closed_it() {
        let mut wrapping = secured();
        receive(&mut wrapping, b"?");
        wrapping.out.clear();
        wrapping.clear().unwrap();
        wrapping.send(b"a").unwrap();
        wrapping.switch(true).unwrap();
        assert_eq!(wrapping.out, b"A.", "the reply still goes through it");
        assert_eq!(wrapping.clear().unwrap_err().code(), Some(503));
        assert_eq!(receive(&mut wrapping, b"X"), (Reading::Something, b"x".to_vec()), "the peer's last bytes");
        assert_eq!(receive(&mut wrapping, b".plain"), (Reading::Something, b"plain".to_vec()));
        assert!(!wrapping.is_wrapped());
        wrapping.out.clear();
        wrapping.send(b"a").unwrap();
        assert_eq!(wrapping.out, b"a");
    }

    #[test]
    fn a_close_that_nobody_asked_for_is_the_end() {
        let mut wrapping = secured();
        receive(&mut wrapping, b"?");
        assert_eq!(receive(&mut wrapping, b"X.USER"), (Reading::Something, b"x".to_vec()), "its last bytes count");
        assert!(wrapping.is_wrapped() && wrapping.is_ended(), "bytes after it are not treated as plain");
        let mut wrapping = secured();
        receive(&mut wrapping, b"?");
        assert_eq!(receive(&mut wrapping, b".").0, Reading::End);
    }
}
