//! Looks for a session's quota when its client has logged in.

use gantry_api::prelude::*;

use crate::Quotatab;
use crate::scan;
use crate::seat::{Found, Seat, quota};
use crate::settings::Settings;
use crate::variables;

hook! {
    post [PASS, USER], at_once: is_new, wait: look;
}

fn is_new(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Step> {
    let is_new = at.session.account.is_some() && quotatab.server(at.session).is_some();
    Ok(if is_new && matches!(at.state.of::<Seat>().found, Found::Unknown) { Step::Wait } else { Step::Next })
}

async fn look(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Step> {
    // What went wrong has been reported. The next command that needs the quota looks again.
    if let Ok(Some(quota)) = quota(quotatab, at).await
        && at.settings::<Settings>().scans()
    {
        scan::scan(quotatab, at, &quota).await;
        quota.write().await;
        variables::leave(at, &quota);
    }
    Ok(Step::Next)
}
