//! Sessions: a command's way through the gate and the phases, and what the daemon knows about each
//! session.

pub mod admission;
pub mod census;
pub mod homes;
pub mod known;
pub mod sessions;
pub mod strangers;
pub mod work;
