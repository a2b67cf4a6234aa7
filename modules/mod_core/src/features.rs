//! FEAT and OPTS (RFC 2389), with UTF8 (RFC 2640). Each command declares its own line of FEAT, and
//! other modules handle OPTS of their commands.

use gantry_api::prelude::*;

use crate::parameters::{done, none, words, wrong_number};

command! {
    /// Lists the features beyond RFC 959.
    FEAT "(returns feature list)", class: INFO, login: no, feature: "TVFS", at_once: list;
    /// Sets an option of a command.
    OPTS "<sp> command [<sp> options]", class: MISC, limit: NAMED, login: no, feature: "UTF8", at_once: options;
}

fn list(at: &mut Moment<'_>) -> Result<Step> {
    none(at)?;
    let mut features: Vec<&str> = at.world.commands.iter().filter_map(|command| command.feature.as_deref()).collect();
    features.sort_unstable();
    features.dedup();
    let mut reply = Reply::new(211, "Features:");
    features.into_iter().for_each(|feature| reply.push(feature));
    at.dialogue.reply = Some(reply.line("End"));
    Ok(Step::Done)
}

/// OPTS UTF8. Names are bytes here, so on and off are the same.
fn options(at: &mut Moment<'_>) -> Result<Step> {
    let argument = at.command.argument.to_ascii_uppercase();
    let words: Vec<&[u8]> = words(&argument).collect();
    match words.as_slice() {
        [] => wrong_number(),
        [b"UTF8", b"ON"] => done(at, 200, "UTF8 set to on"),
        [b"UTF8", b"OFF"] => done(at, 200, "UTF8 set to off"),
        [b"UTF8", ..] => refuse(501, "'OPTS UTF8' not understood"),
        _ => Ok(Step::Next),
    }
}
