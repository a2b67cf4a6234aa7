//! Data connections, and what moves over them.

mod channel;
pub mod data;
mod expiring;
mod layered;
mod link;
mod meters;
mod patience;
mod ports;
pub mod progress;
