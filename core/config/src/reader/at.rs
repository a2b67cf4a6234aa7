//! A line that is read.

use crate::position::Position;
use crate::tree::Argument;

/// A line's place, and the line.
pub(super) struct At<'l> {
    pub(super) position: Position,
    pub(super) source: &'l str,
    pub(super) arguments: &'l [Argument],
}
