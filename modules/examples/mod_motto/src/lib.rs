//! mod_motto, an example module: a SITE command, a directive and a variable. `SITE
//! MOTTO` replies with the configured lines for the client's folder.

use gantry_api::prelude::*;

#[derive(Default)]
struct Motto;

module! { Motto, settings: Settings }

settings! {
    /// The settings of one scope.
    struct Settings {
        /// A line of the reply to SITE MOTTO. Each directive adds a line; those of outer
        /// sections come first.
        lines: Vec<String> = Motto "text" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: append, parse: line;
    }
}

impl Module for Motto {}

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
    let lines = &at.settings::<Settings>().lines;
    let Some((first, more)) = lines.split_first() else { return refuse(550, "There is no motto here") };
    at.respond(200, first);
    at.session.notes.set("mod_motto.read", first.as_str());
    more.iter().for_each(|line| at.say(line));
    Ok(Step::Done)
}

/// Joins the words to one line of a reply, of limited length.
fn line(words: &[&str]) -> Result<Value, String> {
    let text = words.join(" ");
    match () {
        () if words.is_empty() => Err("missing parameters".to_owned()),
        () if text.len() > LONGEST => Err(format!("more than {LONGEST} bytes")),
        () if text.chars().any(char::is_control) => Err("it contains a control character".to_owned()),
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
