//! mod_auth's directives, and their effect on an account.

use gantry_api::prelude::*;
use gantry_api::{Account, Value};
use gantry_display::Facts;
use gantry_pattern::Pattern;
use serde::Deserialize;

use crate::ftpusers;
use crate::groups::GroupExpression;
use crate::limits::Limits;
use crate::order::Entry;
use crate::shells;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// The authenticators to ask, in this order, named by their modules. By default all are asked, in the modules'
        /// order. A `*` after a name makes that authenticator's answer final.
        pub(crate) order: Vec<Entry> = AuthOrder "module-name[*] ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: parse::words;
        /// The root folder of a user's session: nothing above it can be reached. `~` is the user's home. The first line
        /// whose group expression matches the user counts. A group expression is a list of group names, separated by
        /// commas: the user must be in all of them, but in none that starts with `!`.
        pub(crate) roots: Vec<Folder> = DefaultRoot "path [group-expression]" in SERVER | VHOST | GLOBAL,
            inherits: append, parse: root;
        /// The folder in which a session begins, instead of the user's home; a relative path begins there, or at the root of
        /// an `<Anonymous>`. It is passed over when it cannot be entered. The first one whose group expression fits the user
        /// counts.
        pub(crate) beginnings: Vec<Folder> = DefaultChdir "path [group-expression]" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: append, parse: folder;
        /// The number of failed logins after which a session is ended; `none` for no limit.
        pub(crate) attempts: Option<u32> = MaxLoginAttempts "count|\"none\"" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "3", parse: attempts;
        /// The maximum length of a password in bytes; a longer one is treated as wrong.
        pub(crate) password_size: usize = MaxPasswordSize "length" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "1024", parse: parse::number;
        /// Whether a user's shell must be listed in /etc/shells. If that file does not exist, every shell is valid.
        valid_shell: bool = RequireValidShell "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "on", parse: parse::on_off;
        /// Whether users whose names are in /etc/ftpusers are refused. If the file exists and cannot be read, all are.
        ftpusers: bool = UseFtpUsers "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "on", parse: parse::on_off;
        /// Whether users with uid 0 may log in.
        root_login: bool = RootLogin "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether users may log in with an empty password. An account with an empty hash can never log in.
        empty_passwords: bool = AllowEmptyPasswords "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "on", parse: parse::on_off;
        // The server's directives: where it listens, its store, its name.
        pub(crate) port: Option<String> = Port;
        store: Option<String> = FileStore;
        name: Option<String> = ServerName;
        // The server's directives: in an `<Anonymous>`, whose files they are.
        pub(crate) user: Option<String> = User;
        pub(crate) group: Option<String> = Group;
        /// Another name for an account: clients that give the alias log in as this user, with this user's password. In an
        /// `<Anonymous>`, a name that leads to that section; `*` stands for every name that is no other's.
        // Those of the scopes around come first.
        pub(crate) aliases: Vec<Alias> = UserAlias "alias user" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: append, parse: alias;
        /// Lets nobody log in by an account's own name, but by aliases (`UserAlias`) alone. In an `<Anonymous>` it speaks of
        /// that section's User.
        pub(crate) alias_only: bool = AuthAliasOnly "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether the password that `AnonRequirePassword` asks for is that of the alias, which is then an account of its own,
        /// and files are touched as that account.
        pub(crate) uses_alias: bool = AuthUsingAlias "on|off" in ANONYMOUS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether an anonymous login needs the password of the section's user. By default any text will do, by custom an
        /// e-mail address.
        pub(crate) anonymous_password: bool = AnonRequirePassword "on|off" in ANONYMOUS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The reply to a successful login; `%u` is the user name that the client sent.
        pub(crate) grant: Option<String> = AccessGrantMsg "message" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, parse: parse::text;
        /// The reply to a failed login; `%u` is the user name that the client sent.
        pub(crate) deny: String = AccessDenyMsg "message" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "Login incorrect.", parse: parse::text;
        /// Whether the root of an `<Anonymous>` is not its folder itself, but the folder in it that has the name of the user.
        pub(crate) user_root: bool = UserDirRoot "on|off" in ANONYMOUS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// A regular expression: who gives a password that matches it (with `!`, one that does not) is not let in by an
        /// `<Anonymous>` that takes any password.
        reject_passwords: Option<Pattern> = AnonRejectPasswords "[!]pattern [flags]" in ANONYMOUS,
            inherits: replace, parse: Pattern::parse_invertible;
        /// A password for a user, as crypt(3) has it, which counts instead of the user's own.
        passwords: Vec<OwnPassword> = UserPassword "user hash" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: append, parse: own_password, secret: true;
        /// A file that clients are shown when they have logged in, with ProFTPD's variables. An absolute path is first one of the
        /// host, then one inside the session's root; a relative one is looked for in the folder in which the session begins.
        pub(crate) display: Option<String> = DisplayLogin "path" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace;
        pub(crate) facts: Facts;
        pub(crate) limits: Limits;
    }
}

/// A folder for the accounts that match an expression.
#[derive(Debug, Deserialize)]
pub(crate) struct Folder {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) groups: GroupExpression,
}

/// A user's password that the configuration sets.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OwnPassword {
    user: String,
    hash: String,
}

/// Another name of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Alias {
    /// What clients say; `*` for any name.
    pub(crate) alias: String,
    /// The account.
    pub(crate) name: String,
}

impl Settings {
    /// A notice for a server that confines nobody.
    pub(crate) fn whole_host(&self) -> Option<String> {
        let confines = !self.roots.is_empty() || self.store.is_some();
        let name = self.name.as_deref().unwrap_or("a server");
        (!confines).then(|| format!("'{name}' has no DefaultRoot: its sessions see all files of the host"))
    }

    /// Checks an account whose password was right; the error is for the log.
    pub(crate) fn admits(&self, account: Account, password: &[u8]) -> std::result::Result<Account, String> {
        self.takes(password)?;
        self.admits_anonymous(account, password)
    }

    /// Refuses a password that is too long, even if it is right.
    pub(crate) fn takes(&self, password: &[u8]) -> std::result::Result<(), String> {
        match password.len() > self.password_size {
            true => Err("password is longer than MaxPasswordSize".to_owned()),
            false => Ok(()),
        }
    }

    /// The hash of the password that the configuration sets for a user: the first line of the innermost scope that has one.
    pub(crate) fn own_hash(&self, user: &str) -> Option<&str> {
        self.passwords.iter().rev().find(|own| own.user == user).map(|own| own.hash.as_str())
    }

    /// Whether AnonRejectPasswords refuses a password.
    pub(crate) fn rejects(&self, password: &[u8]) -> bool {
        self.reject_passwords.as_ref().is_some_and(|pattern| pattern.matches(password) != Some(false))
    }

    /// The same for a section that accepts any password, by custom an e-mail address.
    pub(crate) fn admits_anonymous(&self, account: Account, password: &[u8]) -> std::result::Result<Account, String> {
        if password.is_empty() && !self.empty_passwords {
            return Err("empty password".to_owned());
        }
        self.admits_vouched(account)
    }

    /// The same for a client that something other than a password vouches for.
    pub(crate) fn admits_vouched(&self, account: Account) -> std::result::Result<Account, String> {
        if account.uid == 0 && !self.root_login {
            log::event(format_args!("SECURITY VIOLATION: Root login attempted"));
            return Err("uid 0 and RootLogin is off".to_owned());
        }
        if self.ftpusers && ftpusers::names(&account.name) {
            return Err("named in /etc/ftpusers".to_owned());
        }
        if self.valid_shell && !shells::is_valid(&account.shell) {
            return Err(format!("Invalid shell: '{}'", account.shell));
        }
        Ok(account)
    }
}

/// Parses DefaultRoot: a root is absolute or starts at the user's home.
fn root(words: &[&str]) -> std::result::Result<Value, ParseError> {
    match words.first() {
        Some(path) if !path.starts_with(['/', '~']) => {
            Err(ParseError::new(format!("({path}) absolute pathname required")).at(path))
        }
        _ => folder(words),
    }
}

/// Parses a folder and a group expression.
fn folder(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let (path, groups) = match words {
        [path] => (*path, ""),
        [path, groups] => (*path, *groups),
        [] => return Err("missing argument".into()),
        _ => return Err("wrong number of parameters: expected a path and at most one group expression".into()),
    };
    if path.is_empty() {
        return Err("the path is empty".into());
    }
    if path.starts_with('~') && path != "~" && !path.starts_with("~/") {
        return Err(ParseError::new(format!("'{path}': other users' homes (~name) are not supported")).at(path));
    }
    GroupExpression::parse(groups)?;
    Ok(Value::Map(vec![("path".to_owned(), Value::from(path)), ("groups".to_owned(), Value::from(groups))]))
}

fn own_password(words: &[&str]) -> std::result::Result<Value, ParseError> {
    match words {
        [user, hash] if !hash.is_empty() => {
            Ok(Value::map([("user", Value::from(*user)), ("hash", Value::from(*hash))]))
        }
        _ => Err("wrong number of parameters: a user and a password's hash are expected".into()),
    }
}

fn alias(words: &[&str]) -> std::result::Result<Value, ParseError> {
    match words {
        [alias, name] if !alias.is_empty() && !name.is_empty() => {
            Ok(Value::map([("alias", Value::from(*alias)), ("name", Value::from(*name))]))
        }
        _ => Err("wrong number of parameters: an alias and a user are expected".into()),
    }
}

fn attempts(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let count = parse::count_or_none(words)?;
    match count {
        Value::Int(0) => Err("must be at least 1, or none for no limit".into()),
        Value::Int(many) if u32::try_from(many).is_err() => Err(ParseError::of(&many.to_string(), "is too large")),
        count => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::settings::of_values;

    use super::*;

    fn settings(entries: Vec<(&str, Value)>) -> Settings {
        of_values(entries).unwrap()
    }

    fn account(uid: u32, shell: &str) -> Account {
        Account {
            name: "ann".into(),
            uid,
            gid: 50,
            groups: Vec::new(),
            home: "/home/ann".into(),
            shell: shell.into(),
            secret: None,
        }
    }

    #[test]
    fn defaults_are_proftpds() {
        let defaults = settings(Vec::new());
        assert_eq!((defaults.attempts, defaults.valid_shell, defaults.root_login), (Some(3), true, false));
        assert_eq!(settings(vec![("MaxLoginAttempts", Value::None)]).attempts, None);
    }

    #[test]
    fn folders_have_a_path_and_groups() {
        assert_eq!(root(&["public"]), Err(ParseError::new("(public) absolute pathname required").at("public")));
        let root = root(&["~", "staff,!guests"]).unwrap();
        let made = settings(vec![("DefaultRoot", Value::List(vec![root]))]);
        assert_eq!(made.roots[0].path, "~");
        for bad in [&[][..], &[""], &["~bob"], &["/x", "a", "b"], &["/x", "a,,b"]] {
            assert!(folder(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_right_password_is_not_all() {
        let lax = settings(vec![("RequireValidShell", Value::Bool(false))]);
        assert!(lax.admits(account(1, ""), b"x").is_ok());
        assert!(lax.admits(account(0, ""), b"x").is_err());
        assert!(lax.admits(account(1, ""), &[b'x'; 1025]).is_err());
        let strict =
            settings(vec![("AllowEmptyPasswords", Value::Bool(false)), ("RequireValidShell", Value::Bool(false))]);
        assert!(strict.admits(account(1, ""), b"").is_err());
    }
}
