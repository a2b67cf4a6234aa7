//! mod_ratio: downloads in proportion to uploads. What its directives do, and what clients read, is as ProFTPD 1.3.8's
//! mod_ratio behaves; its manual page names them only.

mod commands;
mod credit;
mod file;
mod settings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use gantry_api::prelude::*;

use credit::Counts;
use settings::Settings;

/// The module.
#[derive(Default)]
struct Ratio {
    /// One at a time works on files of ratios.
    turn: tokio::sync::Mutex<()>,
    /// What downloads under way will count, by file of ratios and user.
    under_way: Mutex<HashMap<(PathBuf, String), Counts>>,
    /// Whether a file of ratios cannot be used, and that has been reported.
    fails: AtomicBool,
}

module! { Ratio, settings: Settings, after: ["mod_xfer", "mod_core", "mod_auth"], runtime: gantry_runtime::start }

impl Module for Ratio {
    fn check(check: &mut Check<'_>) {
        for scope in check.scopes().all::<Settings>() {
            if scope.settings.saves && scope.settings.file.is_none() && check.has_all("RatioFile") {
                check.fault(scope.line("SaveRatios"), "there is no RatioFile to save them in");
            }
        }
    }
}
