//! SITE QUOTA: the limit and the tally, in ProFTPD's words.

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaStrictness, QuotaType};

use crate::Quotatab;
use crate::limits::Quota;
use crate::seat;
use crate::settings::Settings;
use crate::units::Units;

command! {
    /// Shows the limits of your quota and what you have used of them.
    SITE_QUOTA "", class: INFO, wait: show;
}

async fn show(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Step> {
    let settings = at.settings::<Settings>();
    if !settings.shows {
        return Err(Error::of(ErrorKind::NotUnderstood));
    }
    let found = match seat::quota(quotatab, at).await {
        Ok(Some(quota)) => quota.ledger.refresh().await.map(|()| Some(quota)),
        other => other,
    };
    let Ok(found) = found else { return refuse(451, "The quota cannot be read at the moment") };
    let Some(quota) = found else {
        at.respond(202, "No quotas in effect");
        return Ok(Step::Done);
    };
    let user = at.session.account()?.name.clone();
    quota.server.note(at.session, &format!("SITE QUOTA requested by user {user}"));
    at.respond(200, "The current quota for this session are [current/limit]:");
    lines(&quota, settings.units).iter().for_each(|line| at.say(line));
    let admin = settings.admin.clone().unwrap_or_else(|| format!("root@{}", at.session.local.ip().to_canonical()));
    at.say(format!("Please contact {admin} if these entries are inaccurate"));
    Ok(Step::Done)
}

fn lines(quota: &Quota, units: Units) -> Vec<String> {
    let (limit, subject, used) = (&quota.limit, &quota.ledger.subject, quota.ledger.used());
    let kind = match subject.kind {
        QuotaType::User => "User",
        QuotaType::Group => "Group",
        QuotaType::Class => "Class",
        QuotaType::All => "All",
    };
    let per_session = if limit.per_session { "True" } else { "False" };
    let strictness = match limit.strictness {
        QuotaStrictness::Hard => "Hard",
        QuotaStrictness::Soft => "Soft",
    };
    let bytes = |used: i64, most: i64| match most > 0 {
        true => format!("{}/{}", units.show(used), units.show(most)),
        false => "unlimited".to_owned(),
    };
    let files = |used: i64, most: i64| match most > 0 {
        true => format!("{used}/{most}"),
        false => "unlimited".to_owned(),
    };
    let (most, unit) = (&limit.most, units.name());
    // As ProFTPD lines them up.
    let tabs = if units == Units::Bytes { "\t" } else { "\t\t" };
    vec![
        format!("Name: {}", subject.name),
        format!("Quota Type: {kind}"),
        format!("Per Session: {per_session}"),
        format!("Limit Type: {strictness}"),
        format!("  Uploaded {unit}:{tabs}{}", bytes(used.bytes_in, most.bytes_in)),
        format!("  Downloaded {unit}:\t{}", bytes(used.bytes_out, most.bytes_out)),
        format!("  Transferred {unit}:\t{}", bytes(used.bytes_xfer, most.bytes_xfer)),
        format!("  Uploaded files:\t{}", files(used.files_in, most.files_in)),
        format!("  Downloaded files:\t{}", files(used.files_out, most.files_out)),
        format!("  Transferred files:\t{}", files(used.files_xfer, most.files_xfer)),
    ]
}
