//! Data connections, and what moves over them.

mod channel;
pub mod data;
mod link;
mod meters;
mod ports;
pub mod progress;
