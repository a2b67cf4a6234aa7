//! mod_ifversion: here so that `<IfModule mod_ifversion.c>` holds. The reader itself knows `<IfVersion>`.

use gantry_api::prelude::*;

/// The module.
#[derive(Default)]
pub struct IfVersion;

module! { IfVersion }

impl Module for IfVersion {}
