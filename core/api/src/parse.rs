//! Parsers for a directive's parameters, for `directive!`. Each takes the words of the line,
//! unquoted, and returns an error that says what it expects; the configuration adds the directive's
//! name and its place.

use crate::parse_error::ParseError;
use crate::value::Value;

/// One word (or quoted text).
pub fn word(words: &[&str]) -> Result<Value, ParseError> {
    one(words).map(Value::from)
}

/// All words as one text, separated by spaces.
pub fn text(words: &[&str]) -> Result<Value, ParseError> {
    if words.is_empty() {
        return Err("missing parameters".into());
    }
    Ok(Value::Text(words.join(" ")))
}

/// One or more words, as a list.
pub fn words(words: &[&str]) -> Result<Value, ParseError> {
    if words.is_empty() {
        return Err("missing parameters".into());
    }
    Ok(Value::List(words.iter().map(|word| Value::from(*word)).collect()))
}

/// `on`, `off` or a synonym.
pub fn on_off(words: &[&str]) -> Result<Value, ParseError> {
    let word = one(words)?;
    let fail = || ParseError::new(format!("expected Boolean parameter, found '{word}'")).at(word);
    switch(word).map(Value::Bool).ok_or_else(fail)
}

/// Reads `on`, `yes`, `true`, `1` or their opposites.
pub fn switch(word: &str) -> Option<bool> {
    let is = |names: [&str; 4]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    match () {
        () if is(["on", "yes", "true", "1"]) => Some(true),
        () if is(["off", "no", "false", "0"]) => Some(false),
        () => None,
    }
}

/// A whole number that is not negative.
pub fn number(words: &[&str]) -> Result<Value, ParseError> {
    whole(one(words)?).map(Value::Int)
}

/// A count, or `none` for no limit.
pub fn count_or_none(words: &[&str]) -> Result<Value, ParseError> {
    if one(words)?.eq_ignore_ascii_case("none") {
        return Ok(Value::None);
    }
    number(words)
}

/// Seconds, `h:mm:ss`, or a number with a unit (`90s`, `5m`, `1h`); 0 means never.
pub fn seconds(words: &[&str]) -> Result<Value, ParseError> {
    let word = one(words)?;
    let fail = || ParseError::of(word, "is not a time: use seconds, hh:mm:ss, or a number with s, m or h");
    if word.contains(':') {
        let parts = word.split(':').map(whole).collect::<Result<Vec<_>, _>>().map_err(|_| fail())?;
        return match parts[..] {
            [hours, minutes, seconds] if minutes < 60 && seconds < 60 && hours < 1_000_000 => {
                Ok(Value::Int(hours * 3600 + minutes * 60 + seconds))
            }
            _ => Err(fail()),
        };
    }
    let (digits, factor) = match word.char_indices().last() {
        Some((at, 's' | 'S')) => (&word[..at], 1),
        Some((at, 'm' | 'M')) => (&word[..at], 60),
        Some((at, 'h' | 'H')) => (&word[..at], 3600),
        _ => (word, 1),
    };
    let number = whole(digits).map_err(|_| fail())?;
    number.checked_mul(factor).map(Value::Int).ok_or_else(fail)
}

/// An absolute path, or a word that means none.
pub fn path(words: &[&str]) -> Result<Value, ParseError> {
    let word = one(words)?;
    match word.starts_with('/') || word.starts_with('~') || word.starts_with('%') {
        true => Ok(Value::from(word)),
        false => Err(ParseError::of(word, "must be an absolute path")),
    }
}

/// An absolute path, or `none`.
pub fn path_or_none(words: &[&str]) -> Result<Value, ParseError> {
    if one(words)?.eq_ignore_ascii_case("none") {
        return Ok(Value::None);
    }
    path(words)
}

/// `actions|all allow|deny user|group list`, for the directives that say who may use actions of the
/// control socket: a map of `actions` (empty for all), `allow`, `group` and `names` (empty for
/// everybody).
pub fn control_acl(words: &[&str]) -> Result<Value, ParseError> {
    let [actions, rest @ ..] = words else { return Err("missing parameters".into()) };
    let actions = match names(&[actions]).as_slice() {
        ["all"] => Vec::new(),
        [] => return Err("missing actions: a comma-separated list, or all".into()),
        actions => actions.iter().map(|name| Value::from(*name)).collect(),
    };
    let Value::Map(mut acl) = socket_acl(rest)? else { return Err("missing parameters".into()) };
    acl.push(("actions".to_owned(), Value::List(actions)));
    Ok(Value::Map(acl))
}

/// `allow|deny user|group list`: like [`control_acl`], without actions.
pub fn socket_acl(words: &[&str]) -> Result<Value, ParseError> {
    let [verdict, kind, list @ ..] = words else { return Err("missing parameters".into()) };
    let either = |word: &str, yes: &str, no: &str| match () {
        () if word.eq_ignore_ascii_case(yes) => Ok(Value::Bool(true)),
        () if word.eq_ignore_ascii_case(no) => Ok(Value::Bool(false)),
        () => Err(ParseError::new(format!("expected {yes} or {no}, found '{word}'")).at(word)),
    };
    let (allow, group) = (either(verdict, "allow", "deny")?, either(kind, "group", "user")?);
    let listed = match names(list).as_slice() {
        [] => return Err("missing names: a comma-separated list, or * for everybody".into()),
        listed if listed.contains(&"*") => Vec::new(),
        listed => listed.iter().map(|name| Value::from(*name)).collect(),
    };
    Ok(Value::map([("allow", allow), ("group", group), ("names", Value::List(listed))]))
}

/// Splits lists at commas and blanks.
fn names<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().flat_map(|word| word.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The only word.
pub fn one<'a>(words: &[&'a str]) -> Result<&'a str, ParseError> {
    match words {
        [word] => Ok(word),
        [] => Err("missing parameters".into()),
        _ => Err("wrong number of parameters".into()),
    }
}

/// A whole number that is not negative.
pub fn whole(word: &str) -> Result<i64, ParseError> {
    let fail = || ParseError::of(word, "is not a whole number");
    let number: i64 = word.parse().map_err(|_| fail())?;
    if number < 0 { Err(fail()) } else { Ok(number) }
}

/// An octal number of at most four digits, such as a umask.
pub fn octal(word: &str) -> Result<i64, ParseError> {
    let mode = i64::from_str_radix(word, 8).ok().filter(|mode| (0..=0o7777).contains(mode));
    mode.ok_or_else(|| ParseError::of(word, "is not a valid octal mode"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_forms() {
        assert_eq!(seconds(&["300"]), Ok(Value::Int(300)));
        assert_eq!(seconds(&["5m"]), Ok(Value::Int(300)));
        assert_eq!(seconds(&["01:00:05"]), Ok(Value::Int(3605)));
        assert!(seconds(&["1:99:00"]).is_err());
        assert!(seconds(&["9223372036854775807h"]).is_err());
        assert!(seconds(&["é"]).is_err());
    }

    #[test]
    fn acls_name_actions_and_people() {
        let acl = control_acl(&["insmod,rmmod", "allow", "user", "root,", "ftp"]).unwrap();
        assert_eq!(acl.entry("actions").map(|names| names.items().len()), Some(2));
        assert_eq!(acl.entry("names").map(|names| names.items().len()), Some(2));
        let everybody = control_acl(&["all", "deny", "group", "*"]).unwrap();
        assert_eq!(everybody.entry("actions"), Some(&Value::List(Vec::new())));
        assert_eq!(everybody.entry("allow"), Some(&Value::Bool(false)));
        for wrong in
            [&["all"][..], &["all", "allow", "user"], &["all", "let", "user", "x"], &["", "allow", "user", "x"]]
        {
            assert!(control_acl(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn switches_know_their_synonyms() {
        assert_eq!(on_off(&["Yes"]), Ok(Value::Bool(true)));
        assert_eq!(on_off(&["off"]), Ok(Value::Bool(false)));
        assert!(on_off(&["perhaps"]).is_err());
        assert!(on_off(&["on", "off"]).is_err());
    }
}
