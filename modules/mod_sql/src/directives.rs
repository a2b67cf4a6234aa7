//! The parsers of mod_sql's directives (doc/contrib/mod_sql in ProFTPD's manual). No
//! message repeats a line of SQLConnectInfo, because it may contain a password.

use gantry_api::{ParseError, Value, directive, parse};
use gantry_format::CommandSet;

use crate::message::Message;
use crate::named::QueryLine;
use crate::names;
use crate::template::Template;
use crate::variables::Place;

directive! {
    /// Accepted without effect: ratios are kept elsewhere.
    SQLRatios "on|off | column ..." in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
        idle: "mod_sql keeps no ratios";
    /// Accepted without effect: ratios are kept elsewhere.
    SQLRatioStats "on|off" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::on_off,
        idle: "mod_sql keeps no ratios"
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
    let names = ["database", "user", "password", "policy"];
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
        // The `*` made mod_sql's answer final, long ago; AuthOrder has it now.
        match word.strip_suffix('*').unwrap_or(word).to_ascii_lowercase().as_str() {
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
    let Some(names) = custom(words) else { return table(words, 7) };
    let ([by_name] | [by_name, _] | [by_name, _, _] | [by_name, _, _, _]) = names.as_slice() else {
        return Err("expected custom:/name[/by-id[/userset[/usersetfast]]]".into());
    };
    let by_id = names.get(1).map_or(Value::None, |name| Value::from(*name));
    let all = map([("by_name", Value::from(*by_name)), ("by_id", by_id), ("sets", list(names.iter().skip(2)))]);
    Ok(map([("custom", all)]))
}

pub fn groups(words: &[&str]) -> Result<Value, ParseError> {
    let Some(names) = custom(words) else { return table(words, 4) };
    let ([name, id, member] | [name, id, member, _] | [name, id, member, _, _]) = names.as_slice() else {
        return Err("expected custom:/by-name/by-id/by-member[/groupset[/groupsetfast]]".into());
    };
    let all = map([
        ("by_name", Value::from(*name)),
        ("by_id", Value::from(*id)),
        ("by_member", Value::from(*member)),
        ("sets", list(names.iter().skip(3))),
    ]);
    Ok(map([("custom", all)]))
}

/// The names in `custom:/name/name`; none of an ordinary line. An empty name is left out: the manual has a slash at
/// the end.
fn custom<'w>(words: &[&'w str]) -> Option<Vec<&'w str>> {
    let [word] = words else { return None };
    let (scheme, names) = word.split_once(":/")?;
    scheme.eq_ignore_ascii_case("custom").then(|| names.split('/').filter(|name| !name.is_empty()).collect())
}

fn table(words: &[&str], count: usize) -> Result<Value, ParseError> {
    if words.len() != count {
        return Err(format!("wrong number of parameters: expected {count}, found {}", words.len()).into());
    }
    for (place, word) in words.iter().enumerate() {
        let judge = if place == 0 { names::table } else { names::column };
        judge(word).map_err(|error| ParseError::of(word, error.to_string()))?;
    }
    Ok(map([("table", parse::words(words)?)]))
}

pub fn key(words: &[&str]) -> Result<Value, ParseError> {
    if let Some(names) = custom(words) {
        let [name] = names.as_slice() else { return Err("expected custom:/name".into()) };
        return Ok(map([("custom", Value::from(*name))]));
    }
    let column = parse::one(words)?;
    names::column(column).map_err(|error| ParseError::of(column, error.to_string()))?;
    Ok(map([("column", Value::from(column))]))
}

pub fn keep_alive(words: &[&str]) -> Result<Value, ParseError> {
    let (interval, statement) = match words {
        [interval] => (interval, "SELECT 1"),
        [interval, statement] => (interval, *statement),
        _ => return Err(format!("wrong number of parameters: expected 1 or 2, found {}", words.len()).into()),
    };
    let seconds: Option<u32> = interval.parse().ok();
    let seconds = seconds.ok_or_else(|| ParseError::of(interval, "is not a number of seconds"))?;
    let template = Template::compile(statement).map_err(|error| marked(&error, error.word()))?;
    template.check(Place::Alone).map_err(|error| marked(&error, Some(error.word())))?;
    Ok(map([("interval", Value::Int(seconds.into())), ("statement", Value::from(statement))]))
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
    let value = logged("commands", words)?;
    words.iter().take(1).try_for_each(|commands| CommandSet::log(commands).map(drop))?;
    Ok(value)
}

pub fn event(words: &[&str]) -> Result<Value, ParseError> {
    logged("event", words)
}

/// What is logged, which query does it, and whether errors are ignored.
fn logged(what: &'static str, words: &[&str]) -> Result<Value, ParseError> {
    let (first, query, option) = match words {
        [first, query] => (first, query, ""),
        [first, query, option] => (first, query, *option),
        _ => return Err(format!("wrong number of parameters: expected 2 or 3, found {}", words.len()).into()),
    };
    let ignores = option.eq_ignore_ascii_case("IGNORE_ERRORS");
    Ok(map([(what, Value::from(*first)), ("query", Value::from(*query)), ("ignore_errors", Value::Bool(ignores))]))
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

fn list<'w>(words: impl Iterator<Item = &'w &'w str>) -> Value {
    Value::List(words.map(|word| Value::from(*word)).collect())
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use gantry_api::settings::of_values;

    use super::*;
    use crate::settings::{AuthType, Authenticate, CustomUsers, GroupInfo, Key, Settings, UserInfo};

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
            ("SQLAuthenticate", authenticate(&["users*", "usersetfast"]).unwrap()),
            ("SQLUserInfo", users(&["custom:/a/b/"]).unwrap()),
            ("SQLUserPrimaryKey", key(&["custom:/k"]).unwrap()),
            ("SQLKeepAlive", keep_alive(&["30"]).unwrap()),
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
        assert_eq!(connect.policy.as_deref(), Some("PERSESSION"));
        assert!(!format!("{connect:?}").contains("secret"));
        let other = AuthType::Other("SHA1".to_owned());
        use AuthType::{Backend, Crypt, OpenSsl, Plaintext};
        assert_eq!(found.auth_types, [Crypt, Plaintext, OpenSsl, Backend, other]);
        assert_eq!(found.authenticate, Authenticate { users: true, groups: false });
        let queries = CustomUsers { by_name: "a".to_owned(), by_id: Some("b".to_owned()), sets: Vec::new() };
        assert_eq!(found.users, UserInfo::Custom(queries));
        assert_eq!(found.user_key, Some(Key::Custom("k".to_owned())));
        assert_eq!(found.keep_alive.unwrap().statement, "SELECT 1");
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
        assert!(connect(&["db", "joe", "secret", "30", "more", "ssl-ca:/x"]).is_err());
        assert_eq!(authenticate(&["users", "all"]).unwrap_err().text(), "unknown parameter 'all'");
        assert_eq!(clause(&["a = '%f'"]).unwrap_err().text(), "variable %f has no value before the login");
        assert!(users(&["custom:/"]).is_err() && users(&["users", "name"]).is_err());
        assert!(groups(&["custom:/a/b"]).is_err());
        assert!(id(&["4294967295"]).is_err() && id(&["-1"]).is_err());
        assert!(show(&["PASS", "99", "x"]).is_err());
        assert!(table(&["t", "n", "%u", "m"], 4).is_err());
        assert!(key(&["a", "b"]).is_err() && key(&["custom:/a/b"]).is_err() && key(&["%u"]).is_err());
        assert!(keep_alive(&["-1"]).is_err() && keep_alive(&["30", "SELECT '%u'"]).is_err());
    }
}
