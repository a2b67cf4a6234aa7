//! The session's files: the gate before them, and the host's file system.

pub mod blocking;
pub mod gated;
pub mod ground;
pub mod host;
pub mod privileged;
pub mod sections;
pub mod session_files;
pub mod shared;
pub mod turn;
pub mod view;
