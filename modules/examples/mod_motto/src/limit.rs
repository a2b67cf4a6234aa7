//! The limit MottoLimit, checked before SITE MOTTO and counted after it.

use gantry_api::prelude::*;

settings! {
    /// The settings of one scope.
    pub(crate) struct Limit {
        /// How many mottos a client may read in one session.
        most: Option<u32> = MottoLimit "count|none" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "none", parse: parse::count_or_none;
    }
}

hook! {
    pre [SITE_MOTTO], at_once: check;
    post [SITE_MOTTO], at_once: count;
}

/// How many mottos the session has read.
#[derive(Default)]
struct Read(u32);

fn check(at: &mut Moment<'_>) -> Result<Step> {
    let read = at.state.of::<Read>().0;
    match at.settings::<Limit>().most {
        Some(most) if read >= most => refuse(550, "You have read enough mottos"),
        _ => Ok(Step::Next),
    }
}

fn count(at: &mut Moment<'_>) -> Result<Step> {
    let read = at.state.of::<Read>();
    read.0 = read.0.saturating_add(1);
    Ok(Step::Next)
}
