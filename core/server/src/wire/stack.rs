//! The layers of one connection, combined. Bytes only: the I/O is done elsewhere.

use std::borrow::Cow;
use std::time::Duration;

use gantry_api::layer::{Layer, Stage};
use gantry_api::{Result, Value};

/// Layers, the one closest to the wire first. There is at least one.
pub struct Stack {
    layers: Vec<Box<dyn Layer>>,
    /// How many have been started: each opens after the one below it is open.
    begun: usize,
}

impl Stack {
    /// Combines some layers; `None` for none.
    pub fn new(layers: Vec<Box<dyn Layer>>) -> Option<Self> {
        (!layers.is_empty()).then_some(Self { layers, begun: 0 })
    }

    /// Takes bytes from the wire: the decoded bytes go to `plain`, the layers' own messages to
    /// `answer`. Returns how many were taken: fewer than given once the peer has closed the layer
    /// at the wire.
    pub fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<usize> {
        let (mut bytes, mut taken) = (Cow::Borrowed(wire), 0);
        for at in 0..self.layers.len() {
            if at >= self.begun && at > 0 && self.stage_of(at - 1)? == Stage::Opening {
                return Ok(taken);
            }
            self.begun = self.begun.max(at + 1);
            let is_top = at + 1 == self.layers.len();
            let (mut above, mut own) = (Vec::new(), Vec::new());
            let Some(layer) = self.layers.get_mut(at) else { break };
            let count = layer.receive(&bytes, if is_top { &mut *plain } else { &mut above }, &mut own);
            // Even for a layer that fails, since it may explain the reason to the peer.
            self.send_below(at, &own, answer)?;
            let count = count?;
            if at == 0 {
                taken = count.min(wire.len());
            }
            bytes = Cow::Owned(above);
        }
        Ok(taken)
    }

    /// Encodes plain bytes for the wire.
    pub fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()> {
        self.send_below(self.layers.len(), plain, wire)
    }

    /// Closes all, starting with the uppermost.
    pub fn close(&mut self, wire: &mut Vec<u8>) -> Result<()> {
        for at in (0..self.layers.len()).rev() {
            let mut last = Vec::new();
            if let Some(layer) = self.layers.get_mut(at) {
                layer.close(&mut last)?;
            }
            self.send_below(at, &last, wire)?;
        }
        Ok(())
    }

    /// Open when all are, closed when the peer has closed any.
    pub fn stage(&self) -> Result<Stage> {
        let mut all = Stage::Open;
        for at in 0..self.layers.len() {
            match self.stage_of(at)? {
                Stage::Closed => return Ok(Stage::Closed),
                Stage::Opening => all = Stage::Opening,
                Stage::Open => {}
            }
        }
        Ok(all)
    }

    /// The wire has ended: returns the error of a layer that the peer has not closed.
    pub fn cut(&mut self) -> Result<()> {
        for layer in &mut self.layers {
            if layer.stage()? == Stage::Closed {
                return Ok(());
            }
            layer.cut()?;
        }
        Ok(())
    }

    /// The time limit for opening them: the longest of theirs.
    pub fn time_to_open(&self) -> Option<Duration> {
        self.layers.iter().filter_map(|layer| layer.time_to_open()).max()
    }

    /// Facts about the layer at the wire.
    pub fn facts(&self) -> Value {
        self.layers.first().map_or(Value::None, |layer| layer.facts())
    }

    fn stage_of(&self, at: usize) -> Result<Stage> {
        self.layers.get(at).map_or(Ok(Stage::Open), |layer| layer.stage())
    }

    /// Sends bytes through the layers below one.
    fn send_below(&mut self, above: usize, bytes: &[u8], wire: &mut Vec<u8>) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut bytes = Cow::Borrowed(bytes);
        for (at, layer) in self.layers.iter_mut().take(above).enumerate().rev() {
            if at == 0 {
                return layer.send(&bytes, wire);
            }
            let mut below = Vec::new();
            layer.send(&bytes, &mut below)?;
            bytes = Cow::Owned(below);
        }
        wire.extend_from_slice(&bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends its name first, opens when it receives that name from the peer, marks each byte that
    /// it sends with its letter, and closes at a full stop.
    struct Toy {
        name: u8,
        stage: Stage,
        said: bool,
    }

    impl Toy {
        fn boxed(name: u8) -> Box<dyn Layer> {
            Box::new(Self { name, stage: Stage::Opening, said: false })
        }
    }

    impl Layer for Toy {
        fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<usize> {
            if !std::mem::replace(&mut self.said, true) {
                answer.push(self.name);
            }
            for (at, byte) in wire.iter().enumerate() {
                match (self.stage, byte) {
                    (Stage::Opening, byte) if *byte == self.name => self.stage = Stage::Open,
                    (Stage::Open, b'.') => self.stage = Stage::Closed,
                    (Stage::Open, byte) if *byte != self.name => plain.push(*byte),
                    (Stage::Open, _) => {}
                    _ => return Ok(at),
                }
                if self.stage == Stage::Closed {
                    return Ok(at + 1);
                }
            }
            Ok(wire.len())
        }

        fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()> {
            plain.iter().for_each(|byte| wire.extend([self.name, *byte]));
            Ok(())
        }

        fn close(&mut self, wire: &mut Vec<u8>) -> Result<()> {
            wire.push(b'.');
            Ok(())
        }

        fn stage(&self) -> Result<Stage> {
            Ok(self.stage)
        }

        fn cut(&mut self) -> Result<()> {
            Err(gantry_api::Error::client(426, "cut"))
        }
    }

    fn receive(stack: &mut Stack, wire: &[u8]) -> (usize, String, String) {
        let (mut plain, mut answer) = (Vec::new(), Vec::new());
        let taken = stack.receive(wire, &mut plain, &mut answer).unwrap();
        (taken, String::from_utf8(plain).unwrap(), String::from_utf8(answer).unwrap())
    }

    #[test]
    fn layers_open_from_the_wire_up_and_close_from_the_top_down() {
        let mut stack = Stack::new(vec![Toy::boxed(b'a'), Toy::boxed(b'b')]).unwrap();
        assert_eq!(receive(&mut stack, b""), (0, String::new(), "a".to_owned()), "the lower layer speaks first");
        // The rest of the piece that opened it is already for the upper one.
        assert_eq!(receive(&mut stack, b"a"), (1, String::new(), "ab".to_owned()));
        assert_eq!(stack.stage().unwrap(), Stage::Opening);
        assert_eq!(receive(&mut stack, b"bxy"), (3, "xy".to_owned(), String::new()));
        assert_eq!(stack.stage().unwrap(), Stage::Open);
        let mut wire = Vec::new();
        stack.send(b"z", &mut wire).unwrap();
        assert_eq!(wire, b"abaz", "the upper layer's bytes go through the lower one");
        wire.clear();
        stack.close(&mut wire).unwrap();
        assert_eq!(wire, b"a..");
    }

    #[test]
    fn what_stands_behind_the_peers_close_is_left() {
        let mut stack = Stack::new(vec![Toy::boxed(b'a')]).unwrap();
        assert_eq!(receive(&mut stack, b"ax.USER"), (3, "x".to_owned(), "a".to_owned()));
        assert_eq!(stack.stage().unwrap(), Stage::Closed);
        assert_eq!(receive(&mut stack, b"USER"), (0, String::new(), String::new()));
        assert!(stack.cut().is_ok(), "closed in order");
        let mut stack = Stack::new(vec![Toy::boxed(b'a')]).unwrap();
        receive(&mut stack, b"ax");
        assert_eq!(stack.cut().unwrap_err().code(), Some(426));
    }
}
