//! The control socket: a Unix socket at which operators ask for actions.

mod acl;
mod control;
pub mod frame;
mod socket;
mod talk;

pub use acl::Peer;
pub(crate) use acl::{Acl, judge};
pub(crate) use control::Control;
pub(crate) use talk::{Host, Operators};
