//! The parts of a configuration that sessions belong to, by their numbers.

/// Which of the configuration's servers: 0 is the main server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(pub usize);

/// Which of a server's `<Anonymous>` sections: 0 is the first, those of `<Global>`
/// come before the server's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionId(pub usize);
