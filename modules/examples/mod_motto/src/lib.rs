//! mod_motto, an example of a module: a SITE command, a directive and a variable.
//! `SITE MOTTO` answers with the lines that the configuration has for the place
//! where the client is.

use gantry_api::prelude::*;

#[derive(Default)]
struct Motto;

module! { Motto, settings: Settings }

settings! {
    /// What the configuration says, for one scope.
    struct Settings {
        /// A line of what SITE MOTTO answers. Each line adds one, those of outer
        /// sections first.
        lines: Vec<String> = Motto "text" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: append, parse: line;
    }
}

impl Module for Motto {}

// The path makes the settings those of the <Directory> in which it lies; without
// one it is the working directory.
command! {
    /// Tells the lines that the configuration has for a place.
    SITE_MOTTO "[<sp> pathname]", class: INFO, path: Whole, at_once: tell;
}

variable! {
    /// The first line that SITE MOTTO has last answered with: a note of the session.
    "read": Text;
}

fn tell(at: &mut Moment<'_>) -> Result<Step> {
    let lines = &at.settings::<Settings>().lines;
    let Some((first, more)) = lines.split_first() else { return refuse(550, "There is no motto here") };
    at.respond(200, first);
    at.session.notes.set("mod_motto.read", first.as_str());
    more.iter().for_each(|line| at.say(line));
    Ok(Step::Done)
}

/// All words as one line of a reply, which has room for so much.
fn line(words: &[&str]) -> Result<Value, String> {
    let text = words.join(" ");
    match () {
        () if words.is_empty() => Err("missing parameters".to_owned()),
        () if text.len() > LONGEST => Err(format!("more than {LONGEST} bytes")),
        () if text.chars().any(char::is_control) => Err("a control character in it".to_owned()),
        () => Ok(Value::Text(text)),
    }
}

const LONGEST: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_motto_is_one_line_of_a_reply() {
        assert_eq!(line(&["per", "aspera"]), Ok(Value::from("per aspera")));
        for words in [&[][..], &["a\nb"], &[&"x".repeat(501)]] {
            assert!(line(words).is_err(), "{words:?}");
        }
    }
}
