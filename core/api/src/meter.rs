//! Meters: what bounds, slows or watches a transfer from its first byte to its
//! last. A module adds them before the transfer begins ([`crate::Moment::meter`]);
//! the server asks each of them before every slice.

use std::time::Duration;

use crate::error::Result;
use crate::guard::{Output, guarded};
use crate::transfer::Direction;

/// What a meter says of the next bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// So many may move now.
    Bytes(u64),
    /// None may move yet: the meter is asked again after this time. ABOR, STAT and
    /// the end of the session are heard meanwhile.
    After(Duration),
}

impl Output for Grant {}

guarded! {
    /// Watches one transfer. It counts bytes of the object: in TYPE A of a file those
    /// of the file, under a layer those that the layer protects.
    pub trait Meter: Send + Sync {
        /// Says how many of the next `most` bytes may move. It is asked only when there
        /// are bytes to move, so one that grants no more breaks off no transfer that
        /// ends there. An error cuts the transfer, and its reply is the client's: 552
        /// for a limit.
        fn grant(&mut self, way: Direction, most: u64) -> Result<Grant>;
        /// Hears that bytes have moved: no more than were granted, often fewer.
        fn moved(&mut self, bytes: u64) -> Result<()>;
    }
}
