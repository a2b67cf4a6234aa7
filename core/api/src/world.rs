//! What a generation offers to modules.

use gantry_proto::verb::Verb;

use crate::service::Services;

/// What a generation offers to modules: fixed for its life.
#[derive(Default)]
pub struct World {
    /// The services that modules published.
    pub services: Services,
    /// The commands that can be used, by name.
    pub commands: Vec<CommandHelp>,
    /// The modules in order.
    pub modules: Vec<String>,
}

/// What HELP and FEAT say of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandHelp {
    /// The command.
    pub verb: Verb,
    /// What follows it.
    pub syntax: String,
    /// Its line in FEAT (RFC 2389), where it has one.
    pub feature: Option<String>,
}
