//! mod_quotatab_file: quota tables in ProFTPD's own files (doc/contrib/mod_quotatab_file in ProFTPD's manual), by
//! `QuotaLimitTable file:/path` and `QuotaTallyTable file:/path`. mod_quotatab applies them.

mod files;

use std::path::Path;

use gantry_api::prelude::*;

use files::QuotaFiles;

/// The module.
#[derive(Default)]
struct QuotatabFile;

module! { QuotatabFile, settings: Settings, before: ["mod_quotatab"], runtime: gantry_runtime::start }

settings! {
    /// The settings of one scope: mod_quotatab's.
    struct Settings {
        limits: Option<String> = QuotaLimitTable;
        tallies: Option<String> = QuotaTallyTable;
    }
}

/// What stands before the colon.
const NAME: &str = "file";

#[async_trait]
impl Module for QuotatabFile {
    fn offers(_: &Scopes<'_>) -> Vec<Offer> {
        vec![Offer::QuotaSource(NAME.to_owned())]
    }

    fn check(check: &mut Check<'_>) {
        for scope in check.scopes().servers::<Settings>() {
            let tables = [("QuotaLimitTable", &scope.settings.limits), ("QuotaTallyTable", &scope.settings.tallies)];
            for (directive, table) in tables {
                let path = table.as_deref().and_then(|table| table.split_once(':')).filter(|(kind, _)| *kind == NAME);
                if let Some((_, path)) = path.filter(|(_, path)| !Path::new(path).is_absolute()) {
                    check.fault(scope.line(directive).at(path), "file: is followed by an absolute path");
                }
            }
        }
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        start.publish().quota_source(NAME, QuotaFiles::default());
        Ok(())
    }
}
