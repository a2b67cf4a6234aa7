//! mod_xfer: RETR, STOR, APPE and STOU (RFC 959), with REST in stream mode (RFC 3659 section 5),
//! and limits on their speed and size.

mod hidden;
mod idle;
mod range;
mod rate;
mod restart;
mod retrieve;
mod settings;
mod shown;
mod size;
mod store;
mod transfers;
mod unique;
mod whom;

use gantry_api::prelude::*;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Xfer {
    /// Whether any scope shows a file after transfers.
    shows: bool,
}

module! { Xfer, settings: Settings, after: ["mod_core", "mod_auth"] }

/// The commands after which DisplayFileTransfer's file is shown.
const SHOWN: [Verb; 4] = [Verb::RETR, Verb::STOR, Verb::APPE, Verb::STOU];

#[async_trait]
impl Module for Xfer {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        self.shows = start.scopes::<Settings>().any(|(_, _, settings)| settings.display.is_some());
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        SHOWN.into_iter().filter(|_| self.shows).map(Hook::post).collect()
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        Ok(if at.settings::<Settings>().display.is_some() { Step::Wait } else { Step::Next })
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        let settings = at.settings::<Settings>();
        if let Some(path) = &settings.display {
            gantry_display::show(at, path, &settings.facts).await;
        }
        Ok(Step::Next)
    }
}

hook! {
    connect, at_once: begin;
}

fn begin(at: &mut Moment<'_>) -> Result<Step> {
    at.dialogue.kind = at.settings::<Settings>().mode.kind();
    Ok(Step::Next)
}
