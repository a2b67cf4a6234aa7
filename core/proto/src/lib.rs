//! FTP as bytes and types: command lines, replies, addresses, times, listings, patterns.
//!
//! Nothing here reads a socket, a file or a clock: bytes and times come in as arguments and go out as values. No input
//! from a client can make a function here panic or use more memory than its caller allows.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod address;
pub mod ascii;
pub mod command;
pub mod glob;
pub mod lines;
pub mod listing;
pub mod reply;
pub mod text;
pub mod time;
pub mod verb;

pub use command::{Command, CommandError};
pub use lines::{Lines, TooLong};
pub use reply::Reply;
pub use verb::Verb;
