//! mod_core: the commands that do not belong to transfers, listings or logins (RFC 959, 1123, 2389,
//! 2428, 3659). Each file declares one kind of them.

mod addresses;
mod directories;
mod display;
mod environment;
mod features;
mod files;
mod help;
mod host;
mod idle;
mod mode;
mod parameters;
mod protocols;
mod session;
mod settings;
mod status;

use gantry_api::prelude::*;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Core {
    /// The hooks that the configuration needs.
    hooks: Vec<Hook>,
}

module! { Core, settings: Settings }

#[async_trait]
impl Module for Core {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        self.hooks = [display::hooks(start), protocols::hooks(start)].concat();
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        self.hooks.clone()
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        if matches!(at.phase, Phase::Pre) || at.command.verb == Verb::CONNECT {
            protocols::check(at)?;
        }
        Ok(if at.phase != Phase::Pre && display::is_due(at) { Step::Wait } else { Step::Next })
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        display::show(at).await;
        Ok(Step::Next)
    }
}
