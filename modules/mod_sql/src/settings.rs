//! What the configuration says of mod_sql in one scope. How each line is read
//! stands in `directives`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::named::QueryLine;

/// The settings of one scope.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What of the module works.
    #[serde(rename = "SQLEngine")]
    pub engine: Engine,
    /// The back end's name; the first one that is there without it.
    #[serde(rename = "SQLBackend")]
    pub backend: Option<String>,
    /// The database; without it the module does nothing.
    #[serde(rename = "SQLConnectInfo")]
    pub connect: Option<Connect>,
    /// Further databases, for named queries.
    #[serde(rename = "SQLNamedConnectInfo")]
    pub named_connects: Vec<NamedConnect>,
    /// Whether users and groups are looked up.
    #[serde(rename = "SQLAuthenticate")]
    pub authenticate: Authenticate,
    /// How passwords are stored, in the order in which they are tried.
    #[serde(rename = "SQLAuthTypes")]
    pub auth_types: Vec<AuthType>,
    /// Where users stand.
    #[serde(rename = "SQLUserInfo")]
    pub users: UserInfo,
    /// Where groups stand.
    #[serde(rename = "SQLGroupInfo")]
    pub groups: GroupInfo,
    /// A condition on users.
    #[serde(rename = "SQLUserWhereClause")]
    pub user_where: Option<String>,
    /// A condition on groups.
    #[serde(rename = "SQLGroupWhereClause")]
    pub group_where: Option<String>,
    /// The queries by their names.
    #[serde(rename = "SQLNamedQuery")]
    pub queries: Vec<QueryLine>,
    /// What is written for which commands.
    #[serde(rename = "SQLLog")]
    pub logs: Vec<LogLine>,
    /// What is shown for which commands.
    #[serde(rename = "SQLShowInfo")]
    pub shows: Vec<ShowLine>,
    /// The user id of users that have none.
    #[serde(rename = "SQLDefaultUID")]
    pub default_uid: u32,
    /// The group id of users that have none.
    #[serde(rename = "SQLDefaultGID")]
    pub default_gid: u32,
    /// The home folder where users have none.
    #[serde(rename = "SQLDefaultHomedir")]
    pub default_home: Option<PathBuf>,
    /// The lowest id of either kind.
    #[serde(rename = "SQLMinID")]
    pub min_id: u32,
    /// The lowest user id.
    #[serde(rename = "SQLMinUserUID")]
    pub min_uid: Option<u32>,
    /// The lowest group id.
    #[serde(rename = "SQLMinUserGID")]
    pub min_gid: Option<u32>,
    /// What is done otherwise than by default.
    #[serde(rename = "SQLOptions")]
    pub options: Vec<SqlOption>,
    /// A file that ProFTPD writes, and this module does not.
    #[serde(rename = "SQLLogFile")]
    pub log_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: Engine::On,
            backend: None,
            connect: None,
            named_connects: Vec::new(),
            authenticate: Authenticate { users: true, groups: true },
            auth_types: Vec::new(),
            users: UserInfo::Table(["users", "userid", "passwd", "uid", "gid", "homedir", "shell"].map(str::to_owned)),
            groups: GroupInfo::Table(["groups", "groupname", "gid", "members"].map(str::to_owned)),
            user_where: None,
            group_where: None,
            queries: Vec::new(),
            logs: Vec::new(),
            shows: Vec::new(),
            default_uid: 65533,
            default_gid: 65533,
            default_home: None,
            min_id: 999,
            min_uid: None,
            min_gid: None,
            options: Vec::new(),
            log_file: None,
        }
    }
}

/// SQLEngine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Logins and logs.
    On,
    /// Nothing.
    Off,
    /// Logins alone.
    Auth,
    /// Logs alone.
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

/// SQLConnectInfo. Its password must not get into any message.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Connect {
    /// The database, as its back end writes it.
    pub database: String,
    /// The user.
    #[serde(default)]
    pub user: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<String>,
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
    /// What SQLNamedQuery calls it.
    pub name: String,
    /// Its back end.
    pub backend: String,
    /// The database.
    pub connect: Connect,
}

/// SQLAuthenticate. Whole tables are never read, so `userset` and `groupset`
/// change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Authenticate {
    /// Users are looked up.
    pub users: bool,
    /// Groups are looked up.
    pub groups: bool,
}

/// One of SQLAuthTypes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthType {
    /// crypt(3).
    Crypt,
    /// An empty text fits every password.
    Empty,
    /// The password as it is.
    Plaintext,
}

/// SQLUserInfo.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserInfo {
    /// A table, and its columns for name, password, uid, gid, home and shell.
    Table([String; 7]),
    /// The SQLNamedQuery that looks a user up by name.
    Custom(String),
}

/// SQLGroupInfo.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupInfo {
    /// A table, and its columns for name, gid and members.
    Table([String; 4]),
    /// The SQLNamedQuerys that look a group up by its name, its gid and a member.
    Custom([String; 3]),
}

/// SQLLog.
#[derive(Debug, Clone, Deserialize)]
pub struct LogLine {
    /// The commands, as written.
    pub commands: String,
    /// The query's name.
    pub query: String,
    /// Whether the session goes on when it fails.
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
    /// No meaning: no back end reads files of its own.
    IgnoreConfigFile,
    /// A failed SQLLog does not end the session.
    NoDisconnectOnError,
    /// No meaning: pools make a new connection for one that broke.
    NoReconnect,
    /// A row of groups names one member.
    UseNormalizedGroupSchema,
}
