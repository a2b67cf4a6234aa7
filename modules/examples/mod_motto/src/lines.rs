//! The directive `Motto`.

use gantry_api::prelude::*;

settings! {
    /// The settings of one scope.
    pub(crate) struct Lines {
        /// A line of the reply to SITE MOTTO. Each directive adds a line; those of outer
        /// sections come first.
        pub(crate) all: Vec<String> = Motto "text" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: append, parse: line;
    }
}

/// Joins the words to one line of a reply, of limited length.
fn line(words: &[&str]) -> Result<Value, ParseError> {
    let text = words.join(" ");
    match () {
        () if words.is_empty() => Err("missing parameters".into()),
        () if text.len() > LONGEST => Err(format!("more than {LONGEST} bytes").into()),
        () if text.chars().any(char::is_control) => Err("it contains a control character".into()),
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
