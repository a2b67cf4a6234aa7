//! A line while it is read.

use crate::position::Position;
use crate::tree::Argument;

/// A line and its place.
pub(super) struct At<'l> {
    pub(super) position: Position,
    pub(super) source: &'l str,
    pub(super) arguments: &'l [Argument],
}
