//! Sessions: a command's way through gate and phases, and what the daemon knows
//! of each session.

pub mod admission;
pub mod census;
pub mod homes;
pub mod known;
pub mod sessions;
pub mod strangers;
pub mod work;
