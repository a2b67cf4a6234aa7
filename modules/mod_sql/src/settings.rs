//! mod_sql's settings in one scope. `directives` has the parsers.

use std::path::PathBuf;
use std::time::Duration;

use gantry_api::service::SqlConnect;
use gantry_api::{LogTarget, parse, settings};
use serde::Deserialize;

use crate::directives;
use crate::named::QueryLine;

settings! {
    /// The settings of one scope.
    #[derive(Debug, Clone)]
    pub struct Settings {
        /// Which parts of mod_sql are active: all, none, only logins or only logging.
        pub engine: Engine = SQLEngine "on|off|auth|log" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "on", parse: directives::engine;
        /// The kind of database; by default the first back end among the modules.
        pub backend: Option<String> = SQLBackend "backend" in SERVER | VHOST | GLOBAL, inherits: replace;
        /// The database, in the back end's syntax. One pool of connections serves all sessions; a number as the policy is
        /// the time in seconds after which an unused connection is closed. Parameters such as ssl-ca:/path and pool-size:10
        /// may follow.
        pub connect: Option<Connect> = SQLConnectInfo "connection-info [username] [password] [policy] [name:value ...]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::connect, secret: true;
        /// Another database, for named queries that refer to it.
        pub named_connects: Vec<NamedConnect> = SQLNamedConnectInfo "connection-name sql-backend connection-info [username] [password] [policy] [name:value ...]"
            in SERVER | VHOST | GLOBAL,
            inherits: append, parse: directives::named_connect, secret: true;
        /// Whether users and groups are looked up in the database.
        pub authenticate: Authenticate = SQLAuthenticate "on|off or [users] [groups] [userset[fast]] [groupset[fast]]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: directives::authenticate;
        /// The formats of stored passwords, in the order in which they are tried.
        pub auth_types: Vec<AuthType> = SQLAuthTypes "[\"Backend\"|\"Crypt\"|\"Empty\"|\"OpenSSL\"|\"Plaintext\"] ..."
            in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::auth_types;
        /// The table and columns of users, or the named query that finds a user. A column may also be a text in single quotes,
        /// an expression, or NULL.
        pub users: UserInfo = SQLUserInfo "user-table user-name passwd uid gid home-dir shell | custom:/name[/by-id[/userset[/usersetfast]]]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "users userid passwd uid gid homedir shell", parse: directives::users;
        /// The table and columns of groups, or the named queries that find groups.
        pub groups: GroupInfo = SQLGroupInfo "group-table group-name gid members | custom:/by-name/by-id/by-member[/groupset[/groupsetfast]]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "groups groupname gid members", parse: directives::groups;
        /// The column that identifies a user, or the named query that finds its value. It becomes the note
        /// `sql.user-primary-key` of the session.
        pub user_key: Option<Key> = SQLUserPrimaryKey "column | custom:/name" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::key;
        /// The column that identifies a group, or the named query that finds its value. For the user's primary group it
        /// becomes the note `sql.group-primary-key` of the session.
        pub group_key: Option<Key> = SQLGroupPrimaryKey "column | custom:/name" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::key;
        /// A condition added to the look-ups of users.
        pub user_where: Option<String> = SQLUserWhereClause "where-clause" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::clause;
        /// A condition added to the look-ups of groups.
        pub group_where: Option<String> = SQLGroupWhereClause "where-clause" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::clause;
        /// A query with a name. Its variables are bound as parameters.
        pub queries: Vec<QueryLine> = SQLNamedQuery "name type query-string [table] [connection-name]"
            in SERVER | VHOST | GLOBAL,
            inherits: append, parse: directives::named_query;
        /// Runs a named query after commands.
        pub logs: Vec<LogLine> = SQLLog "cmd-set query-name [\"IGNORE_ERRORS\"]" in SERVER | VHOST | GLOBAL,
            inherits: append, parse: directives::log;
        /// Runs a named query when something happens that is no command: `core.connect`, `core.exit`, `core.timeout-idle` and
        /// other time-outs, `mod_auth.max-login-attempts` and other limits, `mod_auth.authentication-code`.
        pub events: Vec<EventLine> = SQLLogOnEvent "event query-name [\"IGNORE_ERRORS\"]" in SERVER | VHOST | GLOBAL,
            inherits: append, parse: directives::event;
        /// Adds a line to the replies of commands.
        pub shows: Vec<ShowLine> = SQLShowInfo "cmd-set numeric query-string" in SERVER | VHOST | GLOBAL,
            inherits: append, parse: directives::show;
        /// The user id if the database has none, or one below SQLMinUserUID.
        pub default_uid: u32 = SQLDefaultUID "default-uid" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "65533", parse: directives::id;
        /// The group id if the database has none, or one below SQLMinUserGID.
        pub default_gid: u32 = SQLDefaultGID "default-gid" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "65533", parse: directives::id;
        /// The home folder if SQLUserInfo names no column for it.
        pub default_home: Option<PathBuf> = SQLDefaultHomedir "path" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::home;
        /// Sets SQLMinUserUID and SQLMinUserGID.
        pub min_id: u32 = SQLMinID "minimum-id" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "999", parse: directives::id;
        /// The lowest user id accepted from the database.
        pub min_uid: Option<u32> = SQLMinUserUID "minimum-uid" in SERVER | VHOST | GLOBAL,
            inherits: replace, otherwise: "SQLMinID", parse: directives::id;
        /// The lowest group id accepted from the database.
        pub min_gid: Option<u32> = SQLMinUserGID "minimum-gid" in SERVER | VHOST | GLOBAL,
            inherits: replace, otherwise: "SQLMinID", parse: directives::id;
        /// Options that change behaviour: NoDisconnectOnError, UseNormalizedGroupSchema.
        pub options: Vec<SqlOption> = SQLOptions "opt1 ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::options;
        /// Whether ids for which the database has no name are not looked up again, in listings. Without it, they are after a
        /// minute.
        pub negative_cache: bool = SQLNegativeCache "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Runs a statement every so many seconds, by default `SELECT 1`, so that connections are not idle for long.
        pub keep_alive: Option<KeepAlive> = SQLKeepAlive "interval [stmt]" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::keep_alive;
        /// A log of each statement with its values, and of what the databases answer. Errors are also in the daemon's log.
        pub log_file: Option<PathBuf> = SQLLogFile "file|none" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: parse::path_or_none;
        /// Whether SQLLogFile may be a symbolic link.
        follow_links: Option<bool> = AllowLogSymlinks;
    }
}

impl Settings {
    /// The database, if it is used.
    pub fn database(&self) -> Option<&Connect> {
        self.connect.as_ref().filter(|_| self.engine != Engine::Off)
    }

    /// Where SQLLogFile's lines go.
    pub fn log_target(&self) -> Option<LogTarget> {
        let follow_link = self.follow_links.unwrap_or_default();
        self.log_file.clone().map(|path| LogTarget::File { path, follow_link })
    }

    /// Whether users are looked up in it.
    pub fn looks_up_users(&self) -> bool {
        self.engine.authenticates() && self.authenticate.users
    }

    /// Whether groups are looked up in it.
    pub fn looks_up_groups(&self) -> bool {
        self.engine.authenticates() && self.authenticate.groups
    }
}

/// SQLEngine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Logins and logging.
    On,
    /// Nothing.
    Off,
    /// Only logins.
    Auth,
    /// Only logging.
    Log,
}

impl Engine {
    /// Whether logins are served.
    pub fn authenticates(self) -> bool {
        matches!(self, Self::On | Self::Auth)
    }

    /// Whether logs are written.
    pub fn logs(self) -> bool {
        matches!(self, Self::On | Self::Log)
    }
}

/// SQLConnectInfo. Its password must not appear in any message.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Connect {
    /// The database, in the back end's syntax.
    pub database: String,
    /// The user.
    #[serde(default)]
    pub user: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<String>,
    /// When its connections are opened and closed, as written.
    #[serde(default)]
    pub policy: Option<String>,
    /// The seconds for which an unused connection stays open.
    #[serde(default)]
    pub idle: Option<u64>,
    /// The parameters as (name, value).
    #[serde(default)]
    pub parameters: Vec<(String, String)>,
}

impl From<&Connect> for SqlConnect {
    fn from(connect: &Connect) -> Self {
        let Connect { database, user, password, idle, parameters, .. } = connect.clone();
        Self { database, user, password, idle: idle.map(Duration::from_secs), parameters }
    }
}

/// Without the password.
impl std::fmt::Debug for Connect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Connect").field("database", &self.database).finish_non_exhaustive()
    }
}

/// SQLNamedConnectInfo.
#[derive(Debug, Clone, Deserialize)]
pub struct NamedConnect {
    /// Its name for SQLNamedQuery.
    pub name: String,
    /// Its back end.
    pub backend: String,
    /// The database.
    pub connect: Connect,
}

/// SQLAuthenticate. Whole tables are never read, so `userset` and `groupset` have no
/// effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Authenticate {
    /// Users are looked up.
    pub users: bool,
    /// Groups are looked up.
    pub groups: bool,
}

/// One of SQLAuthTypes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthType {
    /// The database's own scheme.
    Backend,
    /// crypt(3).
    Crypt,
    /// An empty text matches every password.
    Empty,
    /// `{digest}base64`.
    OpenSsl,
    /// The plain password.
    Plaintext,
    /// A type that another module judges.
    #[serde(untagged)]
    Other(String),
}

/// SQLUserInfo.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserInfo {
    /// A table and its columns for name, password, uid, gid, home and shell.
    Table([String; 7]),
    /// SQLNamedQuery names.
    Custom(CustomUsers),
}

/// The SQLNamedQuery names in SQLUserInfo.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CustomUsers {
    /// Finds a user by name.
    pub by_name: String,
    /// Finds a user by uid.
    #[serde(default)]
    pub by_id: Option<String>,
    /// Would list all users, which nothing here asks for.
    #[serde(default)]
    pub sets: Vec<String>,
}

/// SQLGroupInfo.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupInfo {
    /// A table and its columns for name, gid and members.
    Table([String; 4]),
    /// SQLNamedQuery names.
    Custom(CustomGroups),
}

/// The SQLNamedQuery names in SQLGroupInfo.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CustomGroups {
    /// Finds a group by name.
    pub by_name: String,
    /// Finds a group by gid.
    pub by_id: String,
    /// Finds the groups of a member.
    pub by_member: String,
    /// Would list all groups, which nothing here asks for.
    #[serde(default)]
    pub sets: Vec<String>,
}

/// SQLUserPrimaryKey and SQLGroupPrimaryKey.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Key {
    /// A column of the table of users or groups.
    Column(String),
    /// A SQLNamedQuery.
    Custom(String),
}

/// SQLKeepAlive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeepAlive {
    /// In seconds; 0 turns it off.
    pub interval: u64,
    /// What is run.
    pub statement: String,
}

/// SQLLog.
#[derive(Debug, Clone, Deserialize)]
pub struct LogLine {
    /// The commands, as written.
    pub commands: String,
    /// The query's name.
    pub query: String,
    /// Whether the session continues if the query fails.
    pub ignore_errors: bool,
}

/// SQLLogOnEvent.
#[derive(Debug, Clone, Deserialize)]
pub struct EventLine {
    /// The event's name.
    pub event: String,
    /// The query's name.
    pub query: String,
    /// Whether the session continues if the query fails.
    pub ignore_errors: bool,
}

/// SQLShowInfo.
#[derive(Debug, Clone, Deserialize)]
pub struct ShowLine {
    /// The commands, as written.
    pub commands: String,
    /// The reply code.
    pub code: u16,
    /// The text with its variables.
    pub text: String,
}

/// One of SQLOptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SqlOption {
    /// No effect: no back end reads configuration files.
    IgnoreConfigFile,
    /// A failed SQLLog does not end the session.
    NoDisconnectOnError,
    /// No effect: a pool replaces a broken connection.
    NoReconnect,
    /// Each row of the group table has one member.
    UseNormalizedGroupSchema,
}
