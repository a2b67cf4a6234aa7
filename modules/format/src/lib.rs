//! What modules that log, answer or rewrite share: the grammar of `%` variables
//! (LogFormat in ProFTPD's manual) and of sets of commands (ExtendedLog and
//! SQLLog). A [`Template`] is parsed when the configuration is read and then only
//! rendered. No I/O and no clock: what is shown comes in as a [`Context`].

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
