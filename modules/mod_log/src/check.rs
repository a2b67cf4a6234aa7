//! Checks of several lines of mod_log together, before anything starts: whether logs can be opened,
//! and whether the formats in lines exist.

use gantry_api::prelude::*;
use gantry_format::{Dialect, Template};
use jiff::tz::TimeZone;

use crate::settings::{DEFAULT, Format, Settings};

/// Checks all scopes.
pub(crate) fn check(check: &mut Check<'_>) {
    let mut names = vec![DEFAULT];
    for scope in check.scopes().servers::<Settings>() {
        for (number, format) in scope.settings.formats.iter().enumerate() {
            names.push(&format.name);
            if check.has_all("LoadModule")
                && let Some((word, fault)) = unresolved(format, check)
            {
                check.fault(scope.nth_line("LogFormat", number).at(&word), fault);
            }
        }
    }
    for scope in check.scopes().all::<Settings>() {
        if let Some(path) = &scope.settings.transfers
            && let Some(target) = scope.settings.transfer_target()
            && let Err(error) = log::check(&target)
        {
            check.fault(scope.line("TransferLog").at(&path.to_string_lossy()), error.message());
        }
        for (number, line) in scope.settings.extended.iter().flatten().enumerate() {
            let place = scope.nth_line("ExtendedLog", number);
            if check.has_all("LogFormat") && !names.contains(&line.format.as_str()) {
                let fault = format!("no LogFormat has the name '{}'", line.format);
                check.fault(place.clone().at(&line.format), fault).suggest(&line.format, names.iter().copied());
            }
            if line.is_written()
                && let Err(error) = log::check(&line.log_target(scope.settings.follow_links))
            {
                check.fault(place.at(&line.target), error.message());
            }
        }
    }
}

/// The variable of a format that no module provides, and the error.
fn unresolved(format: &Format, check: &Check<'_>) -> Option<(String, String)> {
    let mut template = Template::parse(&format.text, &Dialect::log(TimeZone::UTC)).ok()?;
    let error = template.resolve(check.variables()).err()?;
    Some((error.word.clone(), error.to_string()))
}
