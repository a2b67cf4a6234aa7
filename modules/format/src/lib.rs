//! Shared by modules that log, reply or rewrite: the grammar of `%` variables (LogFormat in
//! ProFTPD's manual) and of command sets (ExtendedLog and SQLLog). A [`Template`] is parsed when
//! the configuration is read, and only rendered later. No I/O and no clock: the values come from a
//! [`Context`].

mod command_set;
mod context;
mod dialect;
mod fault;
mod pattern;
mod reference;
pub mod standard;
mod template;

pub use command_set::{ClassSet, CommandSet, SetError, distinct};
pub use context::Context;
pub use dialect::Dialect;
pub use fault::{Fault, FaultKind, NotContributed};
pub use pattern::Pattern;
pub use reference::Reference;
pub use template::{NOTHING, Part, Template};
