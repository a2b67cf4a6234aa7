//! mod_round: requires mod_start, and wants to come before mod_core, but after
//! mod_auth, which comes after mod_core.

use gantry_api::prelude::*;

#[derive(Default)]
struct Round;

module! { Round, requires: ["mod_start"], after: ["mod_auth"], before: ["mod_core"] }

#[async_trait]
impl Module for Round {}
