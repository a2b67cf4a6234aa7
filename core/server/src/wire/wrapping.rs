//! What is around a control connection: nothing, a layer, or a layer that is being
//! taken off. Bytes only: the connection reads and writes them.

use gantry_api::layer::{Layer, Stage};
use gantry_api::{Error, Result, Value};

use crate::wire::stack::Stack;

/// What is around a control connection, and what is to be written to it.
#[derive(Default)]
pub struct Wrapping {
    stack: Option<Stack>,
    /// What the running command wants, once its reply has been sent.
    wanted: Option<Change>,
    /// Whether the layer is being taken off: the peer's close is awaited.
    closing: bool,
    /// Whether the layer has not been given any bytes of the client's yet.
    fresh: bool,
    /// Bytes for the wire, in order.
    pub out: Vec<u8>,
}

enum Change {
    Secure(Box<dyn Layer>),
    Clear,
}

/// What came of some bytes of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// Nothing that the session would have to look at.
    Nothing,
    /// Plain bytes, or the layer has opened.
    Something,
    /// The peer has closed the layer, and nobody has asked it to.
    End,
}

impl Wrapping {
    /// A layer around the connection is wanted.
    pub fn secure(&mut self, layer: Box<dyn Layer>) -> Result<()> {
        if self.stack.is_some() || self.wanted.is_some() {
            return Err(Error::client(503, "The control connection is protected already"));
        }
        self.wanted = Some(Change::Secure(layer));
        Ok(())
    }

    /// No layer is wanted any more.
    pub fn clear(&mut self) -> Result<()> {
        if self.stack.is_none() || self.closing {
            return Err(Error::client(503, "The control connection is not protected"));
        }
        self.wanted = Some(Change::Clear);
        Ok(())
    }

    /// The command's reply has been sent: what it wanted takes effect where the
    /// reply was positive.
    pub fn switch(&mut self, agreed: bool) -> Result<()> {
        match self.wanted.take().filter(|_| agreed) {
            None => Ok(()),
            Some(Change::Secure(layer)) => {
                self.fresh = true;
                self.stack = Stack::new(vec![layer]);
                // A layer may speak first.
                self.take(&[], &mut Vec::new()).map(drop)
            }
            Some(Change::Clear) => {
                self.closing = true;
                self.stack.as_mut().map_or(Ok(()), |stack| stack.close(&mut self.out))
            }
        }
    }

    /// Whether anything is around the connection.
    pub fn is_wrapped(&self) -> bool {
        self.stack.is_some()
    }

    /// Whether nothing can be sent yet.
    pub fn is_opening(&self) -> bool {
        self.stack.as_ref().is_some_and(|stack| matches!(stack.stage(), Ok(Stage::Opening)))
    }

    /// Whether no byte has come under the layer's protection yet.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// What the layer tells of itself.
    pub fn facts(&self) -> Value {
        self.stack.as_ref().map_or(Value::None, Stack::facts)
    }

    /// Takes plain bytes for the client. While a layer opens nobody could read them:
    /// they are dropped.
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

    /// Takes bytes of the wire; `plain` gets what they mean.
    pub fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>) -> Result<Came> {
        self.fresh = false;
        let was_opening = self.is_opening();
        let taken = self.take(wire, plain)?;
        let Some(stack) = &self.stack else { return Ok(Came::Something) };
        if stack.stage()? == Stage::Closed {
            if !self.closing {
                return Ok(Came::End);
            }
            // Closed on both sides: what is behind the peer's close is plain.
            plain.extend_from_slice(wire.get(taken..).unwrap_or_default());
            (self.stack, self.closing) = (None, false);
        }
        let opened = was_opening && !self.is_opening();
        Ok(if plain.is_empty() && !opened { Came::Nothing } else { Came::Something })
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

    /// Ends the layer, as far as there is one that has opened.
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
