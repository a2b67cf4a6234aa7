//! Meters limit, slow or watch a transfer from its first byte to its last. A module adds them
//! before the transfer begins ([`crate::Moment::meter`]); the server asks each of them before every
//! slice.

use std::time::Duration;

use crate::error::Result;
use crate::guard::{Output, guarded};
use crate::transfer::Direction;

/// A meter's answer for the next bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// This many may move now.
    Bytes(u64),
    /// None may move yet; the meter is asked again after this time. ABOR, STAT and the end of the
    /// session still work meanwhile.
    After(Duration),
}

impl Output for Grant {}

guarded! {
    /// Watches one transfer. It counts bytes of the object: in TYPE A the bytes of the file, under
    /// a layer the bytes inside the layer.
    pub trait Meter: Send + Sync {
        /// Says how many of the next `most` bytes may move. It is asked only when there are bytes
        /// to move, so a meter that grants no more does not abort a transfer that is already
        /// complete. An error aborts the transfer, and the client gets its reply: 552 for a limit.
        fn grant(&mut self, way: Direction, most: u64) -> Result<Grant>;
        /// Reports bytes that have moved: never more than were granted, often fewer.
        fn moved(&mut self, bytes: u64) -> Result<()>;
    }
}
