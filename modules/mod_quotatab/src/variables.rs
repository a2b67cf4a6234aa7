//! The variables of the manual, for files that clients are shown and for logs.

use gantry_api::prelude::*;

use crate::limits::Quota;
use crate::settings::Settings;

variable! {
    /// The limit on uploaded bytes, in the unit of QuotaDisplayUnits.
    "limit.bytes_in": Text;
    /// The limit on downloaded bytes.
    "limit.bytes_out": Text;
    /// The limit on transferred bytes.
    "limit.bytes_xfer": Text;
    /// The limit on uploaded files.
    "limit.files_in": Text;
    /// The limit on downloaded files.
    "limit.files_out": Text;
    /// The limit on transferred files.
    "limit.files_xfer": Text;
    /// The tally of uploaded bytes, in the unit of QuotaDisplayUnits.
    "tally.bytes_in": Text;
    /// The tally of downloaded bytes.
    "tally.bytes_out": Text;
    /// The tally of transferred bytes.
    "tally.bytes_xfer": Text;
    /// The tally of uploaded files.
    "tally.files_in": Text;
    /// The tally of downloaded files.
    "tally.files_out": Text;
    /// The tally of transferred files.
    "tally.files_xfer": Text;
}

/// Leaves their values as notes of the session.
pub(crate) fn leave(at: &mut Moment<'_>, quota: &Quota) {
    let units = at.settings::<Settings>().units;
    let (limit, tally) = (quota.limit.most, quota.ledger.used());
    for (name, most, used) in [
        ("bytes_in", limit.bytes_in, tally.bytes_in),
        ("bytes_out", limit.bytes_out, tally.bytes_out),
        ("bytes_xfer", limit.bytes_xfer, tally.bytes_xfer),
    ] {
        note(at, name, most, units.variable(most), units.variable(used));
    }
    for (name, most, used) in [
        ("files_in", limit.files_in, tally.files_in),
        ("files_out", limit.files_out, tally.files_out),
        ("files_xfer", limit.files_xfer, tally.files_xfer),
    ] {
        note(at, name, most, most.to_string(), used.to_string());
    }
}

fn note(at: &mut Moment<'_>, name: &str, most: i64, limit: String, tally: String) {
    let unlimited = || "(unlimited)".to_owned();
    let (limit, tally) = if most > 0 { (limit, tally) } else { (unlimited(), unlimited()) };
    at.session.notes.set(format!("mod_quotatab.limit.{name}"), limit);
    at.session.notes.set(format!("mod_quotatab.tally.{name}"), tally);
}
