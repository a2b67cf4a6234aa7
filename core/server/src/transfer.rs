//! Data connections, and what moves over them.

pub mod data;
mod link;
pub mod progress;
