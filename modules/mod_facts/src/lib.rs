//! mod_facts: MLSD, MLST, their OPTS (RFC 3659 section 7), MFMT and MFF (draft-somers-ftp-mfxx).

mod list;
mod mff;
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

impl Module for FactsModule {}
