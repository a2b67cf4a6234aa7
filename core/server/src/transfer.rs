//! Data connections, and what moves over them.

pub mod data;
mod link;
mod ports;
pub mod progress;
