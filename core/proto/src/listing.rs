//! Listings: one name ([`Entry`]) as a line of LIST or NLST, or of MLST and MLSD ([`facts`]); and
//! the options that clients give to LIST ([`options`]). Reading directories, sorting and following
//! links happen elsewhere.

mod access;
mod entry;
pub mod facts;
mod kind;
pub mod options;

pub use access::Access;
pub use entry::Entry;
pub use facts::Facts;
pub use kind::Kind;
pub use options::{ListOptions, Order};
