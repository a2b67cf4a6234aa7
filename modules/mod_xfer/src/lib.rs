//! mod_xfer: RETR, STOR, APPE and STOU (RFC 959), with REST in streams (RFC 3659 section 5).

mod restart;
mod retrieve;
mod settings;
mod store;
mod unique;

use gantry_api::prelude::*;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Xfer;

module! { Xfer, settings: Settings, after: ["mod_core", "mod_auth"] }

command! {
    RETR "<sp> pathname";
    STOR "<sp> pathname";
    APPE "<sp> pathname";
    STOU "(store unique filename)";
    REST "<sp> byte-count", feature: "REST STREAM";
}

/// Transfers that no restart is meant for: they void one.
const LISTINGS: [Verb; 3] = [Verb::LIST, Verb::NLST, Verb::MLSD];

#[async_trait]
impl Module for Xfer {
    fn hooks(&self) -> Vec<Hook> {
        let transfers = [Verb::RETR, Verb::STOR, Verb::APPE, Verb::STOU];
        let transfers = transfers.into_iter().map(|verb| Hook::command(verb).path(PathArgument::Whole));
        let listings = LISTINGS.into_iter().map(Hook::pre);
        transfers.chain(listings).chain([Hook::command(Verb::REST), Hook::connect()]).collect()
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::CONNECT => {
                at.dialogue.kind = at.settings::<Settings>().mode.kind();
                Ok(Step::Next)
            }
            Verb::REST => restart::rest(at),
            verb if LISTINGS.contains(&verb) => {
                at.dialogue.restart = 0;
                Ok(Step::Next)
            }
            _ => Ok(Step::Wait),
        }
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::RETR => retrieve::retrieve(at).await,
            Verb::STOR | Verb::APPE => store::store(at).await,
            Verb::STOU => unique::store(at).await,
            _ => Ok(Step::Next),
        }
    }
}

/// The name that the client gave, for error replies.
fn shown(command: &Command) -> String {
    String::from_utf8_lossy(&command.argument).into_owned()
}
