//! mod_facts: MLSD, MLST, their OPTS (RFC 3659 section 7), and MFMT (draft-somers-ftp-mfxx).

mod list;
mod mfmt;
mod options;
mod settings;

use gantry_api::prelude::*;
use gantry_listing::Names;

use settings::Settings;

/// The module.
#[derive(Default)]
pub struct FactsModule {
    names: Names,
}

module! { FactsModule, settings: Settings, after: ["mod_core", "mod_auth"] }

#[async_trait]
impl Module for FactsModule {
    fn hooks(&self) -> Vec<Hook> {
        vec![
            Hook::command(Verb::MLSD).path(PathArgument::Whole),
            Hook::command(Verb::MLST).path(PathArgument::Whole),
            Hook::command(Verb::MFMT).path(PathArgument::AfterWord),
            Hook::command(Verb::OPTS).before_login(),
            Hook::post(Verb::FEAT),
        ]
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::OPTS => options::choose(at),
            Verb::FEAT => options::feature(at),
            _ => Ok(Step::Wait),
        }
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::MLSD => list::folder(at, &self.names).await,
            Verb::MLST => list::name(at, &self.names).await,
            Verb::MFMT => mfmt::modify(at).await,
            _ => Ok(Step::Next),
        }
    }
}
