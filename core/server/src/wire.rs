//! The control connection's bytes.

pub mod connection;
pub mod stack;
mod wrapping;
