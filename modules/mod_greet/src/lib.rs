//! mod_greet: a line of welcome after login.

use gantry_api::prelude::*;

#[derive(Default)]
struct Greet;

module! { Greet, settings: Settings, after: ["mod_auth"] }

settings! {
    /// The settings of one scope.
    struct Settings {
        /// The line sent after a login; `%u` is the user name.
        message: Option<String> = GreetMessage "text" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: parse::text;
    }
}

hook! {
    post [PASS], at_once: greet;
}

fn greet(at: &mut Moment<'_>) -> Result<Step> {
    if let Some(text) = &at.settings::<Settings>().message {
        let user = at.session.user.clone().unwrap_or_default();
        at.say(text.replace("%u", &user));
    }
    Ok(Step::Next)
}

impl Module for Greet {}
