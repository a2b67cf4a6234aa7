//! The control connection's bytes.

pub mod connection;
pub mod options;
pub mod stack;
mod wrapping;
