//! The limit MottoLimit, counted in the daemon's census.

use std::time::Duration;

use gantry_api::prelude::*;

settings! {
    /// The settings of one scope.
    pub(crate) struct Limit {
        /// The number of mottos that one address may read per minute; `none` means no limit.
        most: Option<u64> = MottoLimit "count|none" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "60", parse: parse::count_or_none;
    }
}

hook! {
    pre [SITE_MOTTO], at_once: check;
}

const MINUTE: Duration = Duration::from_secs(60);

fn check(at: &mut Moment<'_>) -> Result<Step> {
    let Some(most) = at.settings::<Limit>().most else { return Ok(Step::Next) };
    let key = format!("mod_motto {} {}", at.session.server_key, at.session.remote.ip());
    match at.session.census.tally(&key, MINUTE) > most {
        true => refuse(550, "You have read enough mottos"),
        false => Ok(Step::Next),
    }
}
