//! The command SITE MOTTO, and its variable for logs.

use gantry_api::prelude::*;

use crate::lines::Lines;

// The path selects the settings of its <Directory>; without a path, the working
// directory does.
command! {
    /// Replies with the configured lines for a folder.
    SITE_MOTTO "[<sp> pathname]", class: INFO, path: Whole, at_once: tell;
}

variable! {
    /// The first line of the last reply to SITE MOTTO, kept as a note of the session.
    "read": Text;
}

fn tell(at: &mut Moment<'_>) -> Result<Step> {
    let lines = &at.settings::<Lines>().all;
    let Some((first, more)) = lines.split_first() else { return refuse(550, "There is no motto here") };
    at.respond(200, first);
    at.session.notes.set("mod_motto.read", first.as_str());
    more.iter().for_each(|line| at.say(line));
    Ok(Step::Done)
}
