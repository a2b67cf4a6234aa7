//! The parsers of mod_sql's directives (doc/contrib/mod_sql in ProFTPD's manual). No
//! message repeats a line of SQLConnectInfo, because it may contain a password.

use gantry_api::{ParseError, Value, directive, parse};
use gantry_format::CommandSet;

use crate::message::Message;
use crate::named::QueryLine;
use crate::template::Template;
use crate::variables::Place;

directive! {
    /// No effect, accepted for ProFTPD's configurations: ids are not looked up, so nothing is cached.
    SQLNegativeCache "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, default: "off", parse: parse::on_off
}

pub fn engine(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    Ok(Value::from(match (parse::switch(word), word) {
        (Some(true), _) => "on",
        (Some(false), _) => "off",
        (None, word) if word.eq_ignore_ascii_case("auth") => "auth",
        (None, word) if word.eq_ignore_ascii_case("log") => "log",
        _ => return Err(ParseError::new(format!("unknown value '{word}': expected on, off, auth or log")).at(word)),
    }))
}

pub fn connect(words: &[&str]) -> Result<Value, ParseError> {
    let parameter = |word: &str| {
        let (name, value) = word.split_once(':')?;
        ["ssl-", "pool-"].iter().any(|prefix| name.starts_with(prefix)).then(|| (name.to_owned(), value.to_owned()))
    };
    let (mut plain, mut parameters) = (Vec::new(), Vec::new());
    for word in words {
        match parameter(word) {
            Some((name, value)) => {
                parameters.push(Value::List(vec![Value::from(name.as_str()), Value::from(value.as_str())]));
            }
            None => plain.push(*word),
        }
    }
    if !(1..=4).contains(&plain.len()) {
        return Err(format!("wrong number of parameters: expected 1 to 4, found {}", plain.len()).into());
    }
    let names = ["database", "user", "password"];
    let fields = names.into_iter().zip(&plain).map(|(name, word)| (name, Value::from(*word)));
    // A policy that is no number is PERSESSION or PERCONNECTION.
    let idle = plain.get(3).and_then(|policy| policy.parse::<u32>().ok()).filter(|seconds| *seconds > 0);
    let idle = idle.map(|seconds| ("idle", Value::Int(seconds.into())));
    Ok(map(fields.chain(idle).chain([("parameters", Value::List(parameters))])))
}

pub fn named_connect(words: &[&str]) -> Result<Value, ParseError> {
    let [name, backend, rest @ ..] = words else {
        return Err(format!("wrong number of parameters: expected 3 to 6, found {}", words.len()).into());
    };
    let connect = connect(rest)?;
    Ok(map([("name", Value::from(*name)), ("backend", Value::from(*backend)), ("connect", connect)]))
}

pub fn authenticate(words: &[&str]) -> Result<Value, ParseError> {
    let both = |users, groups| Ok(map([("users", Value::Bool(users)), ("groups", Value::Bool(groups))]));
    if let [word] = words
        && let Some(switch) = parse::switch(word)
    {
        return both(switch, switch);
    }
    if words.is_empty() {
        return Err("missing arguments".into());
    }
    let (mut users, mut groups) = (false, false);
    for word in words {
        match word.to_ascii_lowercase().as_str() {
            "users" => users = true,
            "groups" => groups = true,
            "userset" | "usersetfast" | "groupset" | "groupsetfast" => {}
            _ => return Err(ParseError::new(format!("unknown parameter '{word}'")).at(word)),
        }
    }
    both(users, groups)
}

/// Names that mod_sql does not know may be another module's.
pub fn auth_types(words: &[&str]) -> Result<Value, ParseError> {
    const KNOWN: [&str; 5] = ["backend", "crypt", "empty", "openssl", "plaintext"];
    let known = |word: &&str| KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(word));
    let words: Vec<&str> = words.iter().map(|word| known(word).unwrap_or(word)).collect();
    parse::words(&words)
}

pub fn users(words: &[&str]) -> Result<Value, ParseError> {
    match custom(words) {
        // The names after the first are for listing whole tables and for ids, which are
        // not used here.
        Some(names) if (1..=4).contains(&names.len()) && !names.contains(&"") => {
            Ok(map([("custom", Value::from(names[0]))]))
        }
        Some(_) => Err("expected custom:/name[/by-id[/userset[/usersetfast]]]".into()),
        None => table(words, 7),
    }
}

pub fn groups(words: &[&str]) -> Result<Value, ParseError> {
    match custom(words) {
        Some(names) if (3..=5).contains(&names.len()) && !names.contains(&"") => {
            let names = names.iter().take(3).map(|name| Value::from(*name)).collect();
            Ok(map([("custom", Value::List(names))]))
        }
        Some(_) => Err("expected custom:/by-name/by-id/by-member[/groupset[/groupsetfast]]".into()),
        None => table(words, 4),
    }
}

fn custom<'w>(words: &[&'w str]) -> Option<Vec<&'w str>> {
    let [word] = words else { return None };
    let (scheme, names) = word.split_once(":/")?;
    scheme.eq_ignore_ascii_case("custom").then(|| names.split('/').collect())
}

fn table(words: &[&str], count: usize) -> Result<Value, ParseError> {
    if words.len() != count {
        return Err(format!("wrong number of parameters: expected {count}, found {}", words.len()).into());
    }
    match words.iter().find(|word| word.contains(['%', '\'', ';'])) {
        Some(word) => Err(ParseError::of(word, "is not a table or column name")),
        None => Ok(map([("table", parse::words(words)?)])),
    }
}

/// An error of a query or a text, with the part of the line that is wrong.
fn marked(error: &dyn std::error::Error, word: Option<&str>) -> ParseError {
    let parse = ParseError::new(error.to_string());
    match word {
        Some(word) => parse.at(word),
        None => parse,
    }
}

pub fn clause(words: &[&str]) -> Result<Value, ParseError> {
    let clause = parse::one(words)?;
    let template = Template::compile(clause).map_err(|error| marked(&error, error.word()))?;
    template.check(Place::Lookup).map_err(|error| marked(&error, Some(error.word())))?;
    Ok(Value::from(clause))
}

pub fn named_query(words: &[&str]) -> Result<Value, ParseError> {
    let line = QueryLine::read(words).map_err(|error| marked(&error, error.word()))?;
    line.compile().map_err(|error| marked(&error, error.word()))?;
    let optional = |text: &Option<String>| text.as_deref().map_or(Value::None, Value::from);
    Ok(map([
        ("name", Value::from(line.name.as_str())),
        ("kind", Value::from(line.kind.word())),
        ("query", Value::from(line.query.as_str())),
        ("table", optional(&line.table)),
        ("connection", optional(&line.connection)),
    ]))
}

pub fn log(words: &[&str]) -> Result<Value, ParseError> {
    let (commands, query, option) = match words {
        [commands, query] => (commands, query, ""),
        [commands, query, option] => (commands, query, *option),
        _ => return Err(format!("wrong number of parameters: expected 2 or 3, found {}", words.len()).into()),
    };
    CommandSet::log(commands)?;
    let ignores = option.eq_ignore_ascii_case("IGNORE_ERRORS");
    Ok(map([
        ("commands", Value::from(*commands)),
        ("query", Value::from(*query)),
        ("ignore_errors", Value::Bool(ignores)),
    ]))
}

pub fn show(words: &[&str]) -> Result<Value, ParseError> {
    let [commands, code, text] = words else {
        return Err(format!("wrong number of parameters: expected 3, found {}", words.len()).into());
    };
    CommandSet::show(commands)?;
    let code_found = code.parse().ok().filter(|code| (100..600).contains(code));
    let code = code_found.ok_or_else(|| ParseError::of(code, "is not a reply code"))?;
    Message::compile(text).map_err(|error| marked(&error, Some(error.word())))?;
    Ok(map([("commands", Value::from(*commands)), ("code", Value::Int(code)), ("text", Value::from(*text))]))
}

/// A user or group id; the highest number means "none" to the system.
pub fn id(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    let id: Option<u32> = word.parse().ok().filter(|id| *id < u32::MAX);
    id.map(|id| Value::Int(id.into())).ok_or_else(|| ParseError::of(word, "is not an id"))
}

pub fn home(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    match word.starts_with('/') {
        true => Ok(Value::from(word)),
        false => Err(ParseError::of(word, "must be an absolute path")),
    }
}

pub fn options(words: &[&str]) -> Result<Value, ParseError> {
    const KNOWN: [&str; 4] = ["IgnoreConfigFile", "NoDisconnectOnError", "NoReconnect", "UseNormalizedGroupSchema"];
    match words.iter().find(|word| !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(word))) {
        Some(word) => Err(ParseError::new(format!("unknown SQLOption '{word}'")).at(word)),
        None => parse::words(words),
    }
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use gantry_api::settings::of_values;

    use super::*;
    use crate::settings::{AuthType, Authenticate, GroupInfo, Settings, UserInfo};

    fn settings(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Settings {
        of_values(entries).unwrap()
    }

    #[test]
    fn lines_become_settings() {
        let found = settings([
            ("SQLConnectInfo", connect(&["ftp@db:3306", "joe", "secret", "PERSESSION"]).unwrap()),
            (
                "SQLNamedConnectInfo",
                Value::List(vec![
                    named_connect(&["logs", "mysql", "logs@db", "joe", "", "30", "ssl-ca:/x", "pool-size:2"]).unwrap(),
                ]),
            ),
            ("SQLAuthTypes", auth_types(&["Crypt", "plaintext", "OpenSSL", "Backend", "SHA1"]).unwrap()),
            ("SQLAuthenticate", authenticate(&["users", "usersetfast"]).unwrap()),
            ("SQLUserInfo", users(&["custom:/a/b"]).unwrap()),
            ("SQLGroupInfo", groups(&["g", "n", "i", "m"]).unwrap()),
            ("SQLEngine", engine(&["LOG"]).unwrap()),
            ("SQLMinID", id(&["500"]).unwrap()),
            ("SQLOptions", options(&["noDisconnectOnError"]).unwrap()),
            ("SQLLog", Value::List(vec![log(&["RETR,ERR_*", "q", "ignore_errors"]).unwrap()])),
            ("SQLNamedQuery", Value::List(vec![named_query(&["q", "insert", "'%f'", "t"]).unwrap()])),
            ("Umask", Value::Int(18)),
        ]);
        let connect = found.connect.unwrap();
        assert_eq!((connect.database.as_str(), connect.password.as_deref()), ("ftp@db:3306", Some("secret")));
        assert!(!format!("{connect:?}").contains("secret"));
        let other = AuthType::Other("SHA1".to_owned());
        use AuthType::{Backend, Crypt, OpenSsl, Plaintext};
        assert_eq!(found.auth_types, [Crypt, Plaintext, OpenSsl, Backend, other]);
        assert_eq!(found.authenticate, Authenticate { users: true, groups: false });
        assert_eq!(found.users, UserInfo::Custom("a".to_owned()));
        assert_eq!(found.groups, GroupInfo::Table(["g", "n", "i", "m"].map(str::to_owned)));
        assert_eq!((found.min_id, found.min_uid, found.default_uid), (500, None, 65533));
        assert_eq!(found.queries[0].table.as_deref(), Some("t"));
        assert!(found.logs[0].ignore_errors && !found.engine.authenticates());
        let logs = &found.named_connects[0].connect;
        assert_eq!((logs.database.as_str(), logs.idle, connect.idle), ("logs@db", Some(30), None));
        assert_eq!(logs.parameters, [("ssl-ca", "/x"), ("pool-size", "2")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn what_is_not_supported_is_named() {
        assert_eq!(authenticate(&["users", "all"]).unwrap_err().text(), "unknown parameter 'all'");
        assert_eq!(
            clause(&["a = '%h'"]).unwrap_err().text(),
            "variable %h has no value before the login: %U and %{0} have"
        );
        assert!(users(&["custom:/"]).is_err() && users(&["users", "name"]).is_err());
        assert!(groups(&["custom:/a/b"]).is_err());
        assert!(id(&["4294967295"]).is_err() && id(&["-1"]).is_err());
        assert!(show(&["PASS", "99", "x"]).is_err());
        assert!(table(&["t", "n", "%u", "m"], 4).is_err());
    }
}
