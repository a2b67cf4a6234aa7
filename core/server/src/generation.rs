//! Generations: the result of one configuration, for the sessions that hold it.

pub mod base;
pub mod bases;
pub mod dispatch;
pub mod ftpaccess;
pub mod held;
pub mod images;
pub mod objects;
pub mod read;
pub mod retired;
pub mod running;
pub mod scope;
pub mod scopes;
pub mod server;
pub mod snapshot;
pub mod spelling;
#[cfg(test)]
pub mod witness;
