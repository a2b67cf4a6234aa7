//! Clients that people use; each transfers the same files.

mod client;
mod curl;
mod ftplib;
mod job;
mod lftp;
mod suppaftp;
mod tnftp;

pub use client::Client;
pub use curl::Curl;
pub use ftplib::Ftplib;
pub use job::{From, Job, Mode, Target};
pub use lftp::{Lftp, Listing};
pub use suppaftp::Suppaftp;
pub use tnftp::Tnftp;
