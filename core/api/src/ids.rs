//! Numbers for the parts of a configuration that sessions belong to.

/// A server in the configuration: 0 is the main server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(pub usize);

/// An `<Anonymous>` section of a server: 0 is the first. Those from `<Global>` come before the
/// server's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionId(pub usize);
