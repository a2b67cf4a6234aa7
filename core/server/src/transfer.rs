//! Data connections, and what moves over them.

mod channel;
pub mod data;
mod layered;
mod link;
mod meters;
mod patience;
pub mod ports;
pub mod preparation;
pub mod progress;
mod socket;
