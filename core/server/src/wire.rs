//! The control connection's bytes.

pub mod connection;
