//! The control socket: a Unix socket for requests of operators.

mod acl;
mod control;
pub mod frame;
mod socket;
mod talk;

pub use acl::Peer;
pub(crate) use acl::{Acl, judge};
pub(crate) use control::Control;
pub(crate) use talk::{Host, Operators};
