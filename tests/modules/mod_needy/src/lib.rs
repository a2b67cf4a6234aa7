//! mod_needy: requires mod_greet, and does nothing.

use gantry_api::prelude::*;

#[derive(Default)]
struct Needy;

module! { Needy, requires: ["mod_greet"] }

#[async_trait]
impl Module for Needy {}
