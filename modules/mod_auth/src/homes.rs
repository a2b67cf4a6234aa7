//! CreateHome. The server makes the directory, once it is known which section's directives count for the user.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;

use gantry_api::{ParseError, Value, directive, parse};

directive! {
    /// Makes the home directory of a user who logs in and has none. `mode` is its permission bits (default 700); `skel`, a
    /// directory with the files that it gets; `dirmode`, `uid` and `gid`, permission bits (default 711), owner and group
    /// (default 0, `~` for the user's own) of directories above it that have to be made; `homegid`, the home's own group.
    /// `NoRootPrivs` makes all of it as the user.
    CreateHome "off|on [mode] [skel path] [dirmode mode] [uid uid] [gid gid] [homegid gid] [NoRootPrivs]"
        in SERVER | VHOST | GLOBAL, inherits: replace, parse: create_home
}

fn create_home(words: &[&str]) -> Result<Value, ParseError> {
    let (switch, mut rest) = match words {
        [switch, rest @ ..] => (*switch, rest),
        [] => return Err("missing parameters".into()),
    };
    if !parse::switch(switch).ok_or_else(|| ParseError::of(switch, "is neither on nor off"))? {
        return match rest {
            [] => Ok(Value::None),
            _ => Err("off takes no parameters".into()),
        };
    }
    let (mut mode, mut parent_mode, mut skeleton, mut as_user) = (0o700, 0o711, Value::None, false);
    let (mut parent_user, mut parent_group, mut home_group) = (Value::Int(0), Value::Int(0), Value::None);
    if let [word, more @ ..] = rest
        && word.starts_with(|first: char| first.is_ascii_digit())
    {
        mode = parse::octal(word)?;
        rest = more;
    }
    while let [name, more @ ..] = rest {
        if name.eq_ignore_ascii_case("NoRootPrivs") {
            (as_user, rest) = (true, more);
            continue;
        }
        let [word, more @ ..] = more else { return Err(ParseError::of(name, "is no parameter, or lacks its value")) };
        match name.to_ascii_lowercase().as_str() {
            "skel" => skeleton = directory(word)?,
            "dirmode" => parent_mode = parse::octal(word)?,
            "uid" => parent_user = id(word)?,
            "gid" => parent_group = id(word)?,
            "homegid" => home_group = id(word)?,
            _ => return Err(ParseError::of(name, "is no parameter: skel, dirmode, uid, gid, homegid, NoRootPrivs")),
        }
        rest = more;
    }
    Ok(Value::map([
        ("mode", Value::Int(mode)),
        ("parent_mode", Value::Int(parent_mode)),
        ("skeleton", skeleton),
        ("parent_user", parent_user),
        ("parent_group", parent_group),
        ("home_group", home_group),
        ("as_user", Value::Bool(as_user)),
    ]))
}

/// A number, or `~` for the user's own.
fn id(word: &str) -> Result<Value, ParseError> {
    match (word, word.parse::<u32>()) {
        ("~", _) => Ok(Value::None),
        (_, Ok(id)) if id < u32::MAX => Ok(Value::Int(id.into())),
        _ => Err(ParseError::of(word, "is neither a number nor ~")),
    }
}

/// A directory whose files root may hand out.
fn directory(path: &str) -> Result<Value, ParseError> {
    if !path.starts_with('/') {
        return Err(ParseError::of(path, "must be an absolute path"));
    }
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(ParseError::of(path, "is not a directory")),
        Ok(found) if found.permissions().mode() & 0o002 != 0 => {
            Err(ParseError::of(path, "may be written by everybody"))
        }
        // It is root who reads it.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(ParseError::of(path, error.to_string())),
        _ => Ok(Value::from(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manuals_examples_are_read() {
        for line in [
            "on",
            "on 711",
            "on 711 uid 100 gid 100",
            "on 711 uid ~ gid ~",
            "on skel /etc",
            "on dirmode 755",
            "on 711 skel /etc dirmode 700 NoRootPrivs",
            "on 755 homegid 5",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(matches!(create_home(&words), Ok(Value::Map(_))), "{line}");
        }
        assert_eq!(create_home(&["off"]), Ok(Value::None));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for line in [
            "",
            "maybe",
            "off 700",
            "on 9",
            "on skel",
            "on skel etc",
            "on skel /no/such",
            "on skel /tmp",
            "on uid x",
            "on colour red",
            "on 700 755",
        ] {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            assert!(create_home(&words).is_err(), "{line}");
        }
    }
}
