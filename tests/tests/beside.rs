//! The scripts of `tests/beside`, against Debian's ProFTPD and Gantry. Both must do the same, except for the differences
//! that `tests/beside/differences` lists.
//!
//! `GANTRY_TEST_BESIDE=words` plays the cases whose names contain these words.

use std::env;

use gantry_tests::beside::case::{self, Case};
use gantry_tests::beside::{known, report};
use gantry_tests::full;
use gantry_tests::host::may_make_users;

/// Every tenth case is played without `--full`.
const TENTH: usize = 10;

#[test]
fn scripts_get_the_same_from_both_servers() {
    if !may_make_users() {
        return;
    }
    let words = env::var("GANTRY_TEST_BESIDE").ok();
    let wanted = |(at, case): &(usize, Case)| match &words {
        Some(words) => case.name.contains(words.as_str()),
        None => full::is_wanted() || at % TENTH == 0,
    };
    let cases: Vec<Case> = case::all().into_iter().enumerate().filter(wanted).map(|(_, case)| case).collect();
    let Some(mut report) = report::run(&cases) else { return };
    let mut settled = Vec::new();
    if words.is_none() {
        let unsettled = known::unsettled();
        settled = cases.iter().map(|case| &case.name).collect();
        settled.retain(|name| unsettled.contains(*name) && !report.different.contains_key(*name));
        report.different.retain(|name, _| !unsettled.contains(name));
    }
    for (name, text) in &report.different {
        eprintln!("=== {name}\n{text}");
    }
    assert!(report.different.is_empty(), "{} of {} cases differ", report.different.len(), report.played);
    assert!(settled.is_empty(), "these cases are no longer unsettled: {settled:#?}");
    if full::is_wanted() && words.is_none() {
        assert!(report.stale.is_empty(), "these differences are no more: {:#?}", report.stale);
    }
}
