//! mod_sql's directives, as doc/contrib/mod_sql of ProFTPD's manual has them,
//! and the readers of their lines. No message repeats a line of SQLConnectInfo:
//! it may hold a password.

use gantry_api::{Value, directive, parse};
use gantry_format::CommandSet;

use crate::message::Message;
use crate::named::QueryLine;
use crate::template::Template;
use crate::variables::Place;

directive! {
    /// What of mod_sql works: all, nothing, logins alone or logs alone.
    SQLEngine "on|off|auth|log" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace, default: "on", parse: engine
}
directive! {
    /// The kind of database; the first back end among the modules where it is absent.
    SQLBackend "backend" in SERVER | VHOST | GLOBAL, inherits: replace
}
directive! {
    /// The database, as the back end wants it written. A connection policy is
    /// read, but a pool serves all sessions whatever it says.
    SQLConnectInfo "connection-info [username] [password] [policy]" in SERVER | VHOST | GLOBAL, inherits: replace, parse: connect, secret: true
}
directive! {
    /// A further database, for the named queries that name it.
    SQLNamedConnectInfo "connection-name sql-backend connection-info [username] [password] [policy]" in SERVER | VHOST | GLOBAL, inherits: append, parse: named_connect, secret: true
}
directive! {
    /// Whether users and groups are looked up.
    SQLAuthenticate "on|off or [users] [groups] [userset[fast]] [groupset[fast]]" in SERVER | VHOST | GLOBAL, inherits: replace, default: "on", parse: authenticate
}
directive! {
    /// How passwords are stored, in the order in which they are tried.
    SQLAuthTypes "[\"Crypt\"|\"Empty\"|\"Plaintext\"] ..." in SERVER | VHOST | GLOBAL, inherits: replace, parse: auth_types
}
directive! {
    /// Table and columns of users, or the named query that finds one.
    SQLUserInfo "user-table user-name passwd uid gid home-dir shell | custom:/name" in SERVER | VHOST | GLOBAL, inherits: replace, default: "users userid passwd uid gid homedir shell", parse: users
}
directive! {
    /// Table and columns of groups, or the named queries that find them.
    SQLGroupInfo "group-table group-name gid members | custom:/by-name/by-id/by-member" in SERVER | VHOST | GLOBAL, inherits: replace, default: "groups groupname gid members", parse: groups
}
directive! {
    /// A condition that is added to the lookups of users.
    SQLUserWhereClause "where-clause" in SERVER | VHOST | GLOBAL, inherits: replace, parse: clause
}
directive! {
    /// A condition that is added to the lookups of groups.
    SQLGroupWhereClause "where-clause" in SERVER | VHOST | GLOBAL, inherits: replace, parse: clause
}
directive! {
    /// A query under a name. Its variables are bound as parameters.
    SQLNamedQuery "name type query-string [table] [connection-name]" in SERVER | VHOST | GLOBAL, inherits: append, parse: named_query
}
directive! {
    /// Runs a named query after commands.
    SQLLog "cmd-set query-name [\"IGNORE_ERRORS\"]" in SERVER | VHOST | GLOBAL, inherits: append, parse: log
}
directive! {
    /// Adds a line to the reply of commands.
    SQLShowInfo "cmd-set numeric query-string" in SERVER | VHOST | GLOBAL, inherits: append, parse: show
}
directive! {
    /// The user id where the database has none, or one below SQLMinUserUID.
    SQLDefaultUID "default-uid" in SERVER | VHOST | GLOBAL, inherits: replace, default: "65533", parse: id
}
directive! {
    /// The group id where the database has none, or one below SQLMinUserGID.
    SQLDefaultGID "default-gid" in SERVER | VHOST | GLOBAL, inherits: replace, default: "65533", parse: id
}
directive! {
    /// The home folder where SQLUserInfo names no column for it.
    SQLDefaultHomedir "path" in SERVER | VHOST | GLOBAL, inherits: replace, parse: home
}
directive! {
    /// Sets SQLMinUserUID and SQLMinUserGID.
    SQLMinID "minimum-id" in SERVER | VHOST | GLOBAL, inherits: replace, default: "999", parse: id
}
directive! {
    /// The lowest user id that a database may give.
    SQLMinUserUID "minimum-uid" in SERVER | VHOST | GLOBAL, inherits: replace, default: "999", parse: id
}
directive! {
    /// The lowest group id that a database may give.
    SQLMinUserGID "minimum-gid" in SERVER | VHOST | GLOBAL, inherits: replace, default: "999", parse: id
}
directive! {
    /// Changes of behaviour: NoDisconnectOnError, UseNormalizedGroupSchema.
    SQLOptions "opt1 ..." in SERVER | VHOST | GLOBAL, inherits: replace, parse: options
}
directive! {
    /// Read for ProFTPD's sake: what mod_sql has to say goes to the daemon's log.
    SQLLogFile "file|none" in SERVER | VHOST | GLOBAL, inherits: replace, parse: parse::path_or_none
}
directive! {
    /// Read for ProFTPD's sake: ids are not looked up, so there is nothing to keep.
    SQLNegativeCache "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, default: "off", parse: parse::on_off
}

fn engine(words: &[&str]) -> Result<Value, String> {
    let word = parse::one(words)?;
    Ok(Value::from(match (parse::switch(word), word) {
        (Some(true), _) => "on",
        (Some(false), _) => "off",
        (None, word) if word.eq_ignore_ascii_case("auth") => "auth",
        (None, word) if word.eq_ignore_ascii_case("log") => "log",
        _ => return Err(format!("unknown value '{word}': on, off, auth or log expected")),
    }))
}

fn connect(words: &[&str]) -> Result<Value, String> {
    const TLS: [&str; 4] = ["ssl-ca:", "ssl-cert:", "ssl-key:", "ssl-ciphers:"];
    if let Some(option) = words.iter().find_map(|word| TLS.iter().find(|option| word.starts_with(**option))) {
        return Err(format!("parameter '{option}' is not supported"));
    }
    if !(1..=4).contains(&words.len()) {
        return Err(format!("wrong number of parameters: 1 to 4 expected, {} found", words.len()));
    }
    let names = ["database", "user", "password"];
    Ok(map(names.into_iter().zip(words).map(|(name, word)| (name, Value::from(*word)))))
}

fn named_connect(words: &[&str]) -> Result<Value, String> {
    let [name, backend, rest @ ..] = words else {
        return Err(format!("wrong number of parameters: 3 to 6 expected, {} found", words.len()));
    };
    let connect = connect(rest)?;
    Ok(map([("name", Value::from(*name)), ("backend", Value::from(*backend)), ("connect", connect)]))
}

fn authenticate(words: &[&str]) -> Result<Value, String> {
    let both = |users, groups| Ok(map([("users", Value::Bool(users)), ("groups", Value::Bool(groups))]));
    if let [word] = words
        && let Some(switch) = parse::switch(word)
    {
        return both(switch, switch);
    }
    if words.is_empty() {
        return Err("missing arguments".to_owned());
    }
    let (mut users, mut groups) = (false, false);
    for word in words {
        match word.to_ascii_lowercase().as_str() {
            "users" => users = true,
            "groups" => groups = true,
            "userset" | "usersetfast" | "groupset" | "groupsetfast" => {}
            _ => return Err(format!("unknown parameter '{word}'")),
        }
    }
    both(users, groups)
}

fn auth_types(words: &[&str]) -> Result<Value, String> {
    const KNOWN: [&str; 3] = ["crypt", "empty", "plaintext"];
    const OTHERS: [&str; 2] = ["backend", "openssl"];
    for word in words {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        if is(&OTHERS) {
            return Err(format!("SQLAuthType '{word}' is not supported: use Crypt"));
        }
        if !is(&KNOWN) {
            return Err(format!("unknown SQLAuthType '{word}'"));
        }
    }
    parse::words(words)
}

fn users(words: &[&str]) -> Result<Value, String> {
    match custom(words) {
        // The names behind the first are for listings of whole tables, and for
        // ids, which nobody looks up.
        Some(names) if (1..=4).contains(&names.len()) && !names.contains(&"") => {
            Ok(map([("custom", Value::from(names[0]))]))
        }
        Some(_) => Err("custom:/name[/by-id[/userset[/usersetfast]]] expected".to_owned()),
        None => table(words, 7),
    }
}

fn groups(words: &[&str]) -> Result<Value, String> {
    match custom(words) {
        Some(names) if (3..=5).contains(&names.len()) && !names.contains(&"") => {
            let names = names.iter().take(3).map(|name| Value::from(*name)).collect();
            Ok(map([("custom", Value::List(names))]))
        }
        Some(_) => Err("custom:/by-name/by-id/by-member[/groupset[/groupsetfast]] expected".to_owned()),
        None => table(words, 4),
    }
}

fn custom<'w>(words: &[&'w str]) -> Option<Vec<&'w str>> {
    let [word] = words else { return None };
    let (scheme, names) = word.split_once(":/")?;
    scheme.eq_ignore_ascii_case("custom").then(|| names.split('/').collect())
}

fn table(words: &[&str], count: usize) -> Result<Value, String> {
    if words.len() != count {
        return Err(format!("wrong number of parameters: {count} expected, {} found", words.len()));
    }
    match words.iter().find(|word| word.contains(['%', '\'', ';'])) {
        Some(word) => Err(format!("'{word}' is no name of a table or column")),
        None => Ok(map([("table", parse::words(words)?)])),
    }
}

fn clause(words: &[&str]) -> Result<Value, String> {
    let clause = parse::one(words)?;
    let template = Template::compile(clause).map_err(|error| error.to_string())?;
    template.check(Place::Lookup).map_err(|error| error.to_string())?;
    Ok(Value::from(clause))
}

fn named_query(words: &[&str]) -> Result<Value, String> {
    let line = QueryLine::read(words).map_err(|error| error.to_string())?;
    line.compile().map_err(|error| error.to_string())?;
    let optional = |text: &Option<String>| text.as_deref().map_or(Value::None, Value::from);
    Ok(map([
        ("name", Value::from(line.name.as_str())),
        ("kind", Value::from(line.kind.word())),
        ("query", Value::from(line.query.as_str())),
        ("table", optional(&line.table)),
        ("connection", optional(&line.connection)),
    ]))
}

fn log(words: &[&str]) -> Result<Value, String> {
    let (commands, query, option) = match words {
        [commands, query] => (commands, query, ""),
        [commands, query, option] => (commands, query, *option),
        _ => return Err(format!("wrong number of parameters: 2 or 3 expected, {} found", words.len())),
    };
    CommandSet::log(commands).map_err(|error| error.to_string())?;
    let ignores = option.eq_ignore_ascii_case("IGNORE_ERRORS");
    Ok(map([
        ("commands", Value::from(*commands)),
        ("query", Value::from(*query)),
        ("ignore_errors", Value::Bool(ignores)),
    ]))
}

fn show(words: &[&str]) -> Result<Value, String> {
    let [commands, code, text] = words else {
        return Err(format!("wrong number of parameters: 3 expected, {} found", words.len()));
    };
    CommandSet::show(commands).map_err(|error| error.to_string())?;
    let code_found = code.parse().ok().filter(|code| (100..600).contains(code));
    let code = code_found.ok_or_else(|| format!("'{code}' is not a reply code"))?;
    Message::compile(text).map_err(|error| error.to_string())?;
    Ok(map([("commands", Value::from(*commands)), ("code", Value::Int(code)), ("text", Value::from(*text))]))
}

/// A user or group id; the highest one means 'none' to the system.
fn id(words: &[&str]) -> Result<Value, String> {
    let word = parse::one(words)?;
    let id: Option<u32> = word.parse().ok().filter(|id| *id < u32::MAX);
    id.map(|id| Value::Int(id.into())).ok_or_else(|| format!("'{word}' is not an id"))
}

fn home(words: &[&str]) -> Result<Value, String> {
    let word = parse::one(words)?;
    match word.starts_with('/') {
        true => Ok(Value::from(word)),
        false => Err(format!("'{word}' must be an absolute path")),
    }
}

fn options(words: &[&str]) -> Result<Value, String> {
    const KNOWN: [&str; 4] = ["IgnoreConfigFile", "NoDisconnectOnError", "NoReconnect", "UseNormalizedGroupSchema"];
    match words.iter().find(|word| !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(word))) {
        Some(word) => Err(format!("unknown SQLOption '{word}'")),
        None => parse::words(words),
    }
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{AuthType, Authenticate, GroupInfo, Settings, UserInfo};

    fn settings(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Settings {
        map(entries).extract().unwrap()
    }

    #[test]
    fn lines_become_settings() {
        let found = settings([
            ("SQLConnectInfo", connect(&["ftp@db:3306", "joe", "secret", "PERSESSION"]).unwrap()),
            ("SQLNamedConnectInfo", Value::List(vec![named_connect(&["logs", "mysql", "logs@db"]).unwrap()])),
            ("SQLAuthTypes", auth_types(&["Crypt", "plaintext"]).unwrap()),
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
        assert_eq!(found.auth_types, [AuthType::Crypt, AuthType::Plaintext]);
        assert_eq!(found.authenticate, Authenticate { users: true, groups: false });
        assert_eq!(found.users, UserInfo::Custom("a".to_owned()));
        assert_eq!(found.groups, GroupInfo::Table(["g", "n", "i", "m"].map(str::to_owned)));
        assert_eq!((found.min_id, found.min_uid, found.default_uid), (500, None, 65533));
        assert_eq!(found.queries[0].table.as_deref(), Some("t"));
        assert!(found.logs[0].ignore_errors && !found.engine.authenticates());
        assert_eq!(found.named_connects[0].connect.database, "logs@db");
    }

    #[test]
    fn what_is_not_supported_is_named() {
        assert_eq!(auth_types(&["OpenSSL"]).unwrap_err(), "SQLAuthType 'OpenSSL' is not supported: use Crypt");
        assert_eq!(
            connect(&["db", "joe", "secret", "30", "ssl-ca:/x"]).unwrap_err(),
            "parameter 'ssl-ca:' is not supported"
        );
        assert_eq!(authenticate(&["users", "all"]).unwrap_err(), "unknown parameter 'all'");
        assert_eq!(clause(&["a = '%h'"]).unwrap_err(), "variable %h has no value before the login: %U and %{0} have");
        assert!(users(&["custom:/"]).is_err() && users(&["users", "name"]).is_err());
        assert!(groups(&["custom:/a/b"]).is_err());
        assert!(id(&["4294967295"]).is_err() && id(&["-1"]).is_err());
        assert!(show(&["PASS", "99", "x"]).is_err());
        assert!(table(&["t", "n", "%u", "m"], 4).is_err());
    }
}
