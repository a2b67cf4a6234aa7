//! mod_count: calls the census as clients ask it to.

use std::time::{Duration, SystemTime};

use gantry_api::census::Claim;
use gantry_api::prelude::*;

#[derive(Default)]
struct Count;

module! { Count }

command! {
    /// Takes a place, of two.
    SITE_CLAIM "<sp> key [<sp> member]", class: MISC, login: no, at_once: claim;
    /// Gives a place back.
    SITE_RELEASE "<sp> key", class: MISC, login: no, at_once: release;
    /// Says how often it was asked to within an hour.
    SITE_TALLY "<sp> key", class: MISC, login: no, at_once: tally;
    /// Marks a key for an hour.
    SITE_MARK "<sp> key", class: MISC, login: no, at_once: mark;
}

impl Module for Count {}

const HOUR: Duration = Duration::from_secs(3600);

fn key<'m>(at: &'m Moment<'_>) -> std::borrow::Cow<'m, str> {
    String::from_utf8_lossy(&at.command.argument)
}

fn claim(at: &mut Moment<'_>) -> Result<Step> {
    let words = key(at).into_owned();
    let (key, member) = words.split_once(' ').map_or((&*words, None), |(key, member)| (key, Some(member)));
    match at.session.census.claim(key, member, Some(2)) {
        Claim::Granted(count) => at.respond(200, format!("granted {count}")),
        Claim::Full(count) => return refuse(450, format!("full {count}")),
    }
    Ok(Step::Done)
}

fn release(at: &mut Moment<'_>) -> Result<Step> {
    let key = key(at).into_owned();
    at.session.census.release(&key);
    let count = at.session.census.count(&key);
    at.respond(200, format!("left {count}"));
    Ok(Step::Done)
}

fn tally(at: &mut Moment<'_>) -> Result<Step> {
    let count = at.session.census.tally(&key(at), HOUR);
    at.respond(200, format!("times {count}"));
    Ok(Step::Done)
}

fn mark(at: &mut Moment<'_>) -> Result<Step> {
    let key = key(at).into_owned();
    let before = at.session.census.is_marked(&key);
    at.session.census.mark(&key, SystemTime::now() + HOUR);
    at.respond(200, format!("before {before}, now {}", at.session.census.is_marked(&key)));
    Ok(Step::Done)
}
