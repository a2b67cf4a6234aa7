//! What a generation offers to modules.

use gantry_proto::verb::Verb;

use crate::command_info::CommandInfo;
use crate::service::Services;

/// What a generation offers to modules; fixed for its life.
#[derive(Default)]
pub struct World {
    /// The services that modules published.
    pub services: Services,
    /// The available commands, sorted by name.
    pub commands: Vec<CommandInfo>,
    /// The modules in order.
    pub modules: Vec<String>,
}

impl World {
    /// Facts about a command.
    pub fn command(&self, verb: Verb) -> Option<&CommandInfo> {
        let at = self.commands.binary_search_by_key(&verb, |command| command.verb).ok()?;
        self.commands.get(at)
    }
}
