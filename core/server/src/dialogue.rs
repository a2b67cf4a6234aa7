//! The FTP dialogue that drives a session: lines in, replies out.

pub mod client;
mod command;
