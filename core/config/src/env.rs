//! `%{env:NAME}` in a word: the value of an environment variable, or nothing if it is
//! not set. A value is never split into words.

use std::borrow::Cow;

const OPENING: &str = "%{env:";

/// A word with its variables replaced, and the names of unset variables.
pub(crate) fn expand<'w>(word: &'w str, lookup: &dyn Fn(&str) -> Option<String>) -> (Cow<'w, str>, Vec<String>) {
    if !word.contains(OPENING) {
        return (Cow::Borrowed(word), Vec::new());
    }
    let (mut made, mut unset, mut rest) = (String::new(), Vec::new(), word);
    while let Some((before, behind)) = rest.split_once(OPENING) {
        let Some((name, after)) = behind.split_once('}') else { break };
        made.push_str(before);
        match lookup(name) {
            Some(value) => made.push_str(&value),
            None => unset.push(name.to_owned()),
        }
        rest = after;
    }
    made.push_str(rest);
    (Cow::Owned(made), unset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_variables_are_replaced_and_others_vanish() {
        let lookup = |name: &str| (name == "HOME").then(|| "/h %{env:HOME}".to_owned());
        assert_eq!(expand("a%{env:HOME}b", &lookup).0, "a/h %{env:HOME}b");
        assert_eq!(expand("/%{env:NO}/%{env:HO", &lookup), ("//%{env:HO".into(), vec!["NO".to_owned()]));
        assert_eq!(expand("%{FOO}e", &lookup).0, "%{FOO}e");
    }
}
