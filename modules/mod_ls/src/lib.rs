//! mod_ls: LIST, NLST (RFC 959) and STAT of a path, with the options that clients give as if to ls(1), and patterns.

mod expand;
mod list;
mod output;
mod settings;
mod sort;
mod stat;
mod walk;
mod zone;

use gantry_api::prelude::*;
use gantry_listing::Names;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Ls {
    names: Names,
}

module! { Ls, settings: Settings, after: ["mod_core", "mod_auth"] }

command! {
    LIST "[<sp> pathname]";
    NLST "[<sp> (pathname)]";
    STAT "[<sp> pathname]";
}

#[async_trait]
impl Module for Ls {
    fn hooks(&self) -> Vec<Hook> {
        let verbs = [Verb::LIST, Verb::NLST, Verb::STAT];
        verbs.into_iter().map(|verb| Hook::command(verb).path(PathArgument::AfterOptions)).collect()
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            // How the session stands: another module's.
            Verb::STAT if at.command.argument.is_empty() => Ok(Step::Next),
            _ => Ok(Step::Wait),
        }
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::LIST => list::list(at, &self.names).await,
            Verb::NLST => list::names(at, &self.names).await,
            Verb::STAT => stat::stat(at, &self.names).await,
            _ => Ok(Step::Next),
        }
    }
}
