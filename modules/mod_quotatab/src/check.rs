//! What the lines mean together, judged before anything starts.

use gantry_api::LogTarget;
use gantry_api::prelude::*;

use crate::settings::Settings;

/// Checks all servers.
pub(crate) fn check(check: &mut Check<'_>) {
    for scope in check.scopes().servers::<Settings>() {
        let settings = scope.settings;
        for (directive, table) in [("QuotaLimitTable", &settings.limits), ("QuotaTallyTable", &settings.tallies)] {
            let Some((kind, _)) = table.as_deref().and_then(|table| table.split_once(':')) else { continue };
            let is_kept = check.offers().any(|(_, offer)| offer.quota_source() == Some(kind));
            if !is_kept && check.has_all("LoadModule") {
                let fault =
                    check.fault(scope.line(directive).at(kind), format!("unsupported table source type: '{kind}'"));
                match kind {
                    "file" | "sql" | "ldap" => fault.help(format!("mod_quotatab_{kind} keeps such tables")),
                    "radius" => {
                        fault.help("Gantry has no mod_quotatab_radius: keep the limits in a file or a database")
                    }
                    _ => fault,
                };
            }
        }
        if let Some(path) = &settings.log {
            let target = LogTarget::File { path: path.clone(), follow_link: settings.follow_links.unwrap_or(false) };
            if let Err(error) = log::check(&target) {
                check.fault(scope.line("QuotaLog").at(&path.to_string_lossy()), error.message());
            }
        }
        let has_limits = settings.limits.is_some() || settings.default.is_some();
        if settings.engine && has_limits && settings.tallies.is_none() && check.has_all("QuotaTallyTable") {
            check.fault(scope.line("QuotaEngine"), "there is no QuotaTallyTable to count in");
        }
        if settings.engine && !has_limits && check.has_all("QuotaLimitTable") && check.has_all("QuotaDefault") {
            check.notice(scope.line("QuotaEngine"), "without QuotaLimitTable or QuotaDefault nobody has a quota");
        }
    }
}
