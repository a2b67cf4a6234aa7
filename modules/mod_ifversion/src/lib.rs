//! mod_ifversion: exists so that `<IfModule mod_ifversion.c>` applies. The reader itself implements
//! `<IfVersion>`.

use gantry_api::prelude::*;

/// The module.
#[derive(Default)]
pub struct IfVersion;

module! { IfVersion }

impl Module for IfVersion {}
