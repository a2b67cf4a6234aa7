//! The directives that the server itself answers to, and their typed settings
//! in one scope.

mod words;

use std::net::IpAddr;

use gantry_api::{directive, parse};
use gantry_config::{check_class_rule, check_rule};
use serde::Deserialize;

/// What the server reads from a scope.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// ServerName.
    #[serde(rename = "ServerName")]
    pub name: String,
    /// ServerIdent: none for ProFTPD's form of greeting, empty for `off`.
    #[serde(rename = "ServerIdent")]
    pub ident: Option<String>,
    /// ServerType.
    #[serde(rename = "ServerType")]
    pub kind: ServerType,
    /// DefaultServer.
    #[serde(rename = "DefaultServer")]
    pub default_server: bool,
    /// DefaultAddress; empty for every address.
    #[serde(rename = "DefaultAddress")]
    pub addresses: Vec<String>,
    /// Port.
    #[serde(rename = "Port")]
    pub port: Port,
    /// User, a name or number.
    #[serde(rename = "User")]
    pub user: Option<String>,
    /// Group, a name or number.
    #[serde(rename = "Group")]
    pub group: Option<String>,
    /// PidFile.
    #[serde(rename = "PidFile")]
    pub pid_file: Option<String>,
    /// Umask: for files, and for directories.
    #[serde(rename = "Umask")]
    pub umask: (u32, u32),
    /// UseReverseDNS.
    #[serde(rename = "UseReverseDNS")]
    pub reverse_dns: bool,
    /// MaxInstances.
    #[serde(rename = "MaxInstances")]
    pub max_instances: Option<usize>,
    /// TimeoutLogin in seconds; 0 for none, as with all timeouts.
    #[serde(rename = "TimeoutLogin")]
    pub timeout_login: u64,
    /// TimeoutIdle.
    #[serde(rename = "TimeoutIdle")]
    pub timeout_idle: u64,
    /// TimeoutNoTransfer.
    #[serde(rename = "TimeoutNoTransfer")]
    pub timeout_no_transfer: u64,
    /// TimeoutStalled.
    #[serde(rename = "TimeoutStalled")]
    pub timeout_stalled: u64,
    /// ModuleOrder: names as written.
    #[serde(rename = "ModuleOrder")]
    pub module_order: Vec<String>,
    /// TimeoutModuleStart.
    #[serde(rename = "TimeoutModuleStart")]
    pub timeout_module_start: u64,
    /// ModulePanicLimit.
    #[serde(rename = "ModulePanicLimit")]
    pub most_panics: Option<usize>,
    /// SystemLog: a path of the host.
    #[serde(rename = "SystemLog")]
    pub system_log: Option<String>,
    /// PassivePorts, first and last.
    #[serde(rename = "PassivePorts")]
    pub passive_ports: Option<(u16, u16)>,
    /// MasqueradeAddress.
    #[serde(rename = "MasqueradeAddress")]
    pub masquerade: Option<IpAddr>,
    /// CommandBufferSize in bytes.
    #[serde(rename = "CommandBufferSize")]
    pub line_limit: usize,
    /// AllowOverride.
    #[serde(rename = "AllowOverride")]
    pub allow_override: bool,
    /// ScoreboardFile, which has no effect.
    #[serde(rename = "ScoreboardFile")]
    scoreboard_file: Option<String>,
    /// ScoreboardMutex, likewise.
    #[serde(rename = "ScoreboardMutex")]
    scoreboard_mutex: Option<String>,
    /// ScoreboardOptions, likewise.
    #[serde(rename = "ScoreboardOptions")]
    scoreboard_options: Option<Vec<String>>,
    /// ScoreboardScrub, likewise.
    #[serde(rename = "ScoreboardScrub")]
    scoreboard_scrub: Option<String>,
}

impl Settings {
    /// What is to be said of directives that are there and have no effect.
    pub fn notices(&self) -> Vec<String> {
        let idle = [
            ("ScoreboardFile", self.scoreboard_file.is_some()),
            ("ScoreboardMutex", self.scoreboard_mutex.is_some()),
            ("ScoreboardOptions", self.scoreboard_options.is_some()),
            ("ScoreboardScrub", self.scoreboard_scrub.is_some()),
        ];
        let idle = idle.into_iter().filter(|(_, given)| *given);
        idle.map(|(name, _)| format!("{name} has no effect: there is no scoreboard, one process knows all sessions"))
            .collect()
    }
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Port {
    /// Nowhere: the server is turned off.
    Off,
    /// At a port of the kernel's choice, which the log names.
    Any,
    /// At this one.
    Number(u16),
}

impl TryFrom<String> for Port {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        if word.eq_ignore_ascii_case("any") {
            return Ok(Self::Any);
        }
        match word.parse() {
            Ok(0) => Ok(Self::Off),
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => Err(format!("'{word}' is no port: 1 to 65535, 0 for none, or any")),
        }
    }
}

/// How the server is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ServerType {
    /// It listens itself.
    #[serde(rename = "standalone")]
    Standalone,
    /// A super-server hands it connections.
    #[serde(rename = "inetd")]
    Inetd,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Gantry".to_owned(),
            ident: None,
            kind: ServerType::Standalone,
            default_server: false,
            addresses: Vec::new(),
            port: Port::Number(21),
            user: None,
            group: None,
            pid_file: None,
            umask: (0o022, 0o022),
            reverse_dns: false,
            max_instances: None,
            timeout_login: 300,
            timeout_idle: 600,
            timeout_no_transfer: 300,
            timeout_stalled: 3600,
            module_order: Vec::new(),
            timeout_module_start: 60,
            most_panics: Some(100),
            system_log: None,
            passive_ports: None,
            masquerade: None,
            line_limit: 4096,
            allow_override: false,
            scoreboard_file: None,
            scoreboard_mutex: None,
            scoreboard_options: None,
            scoreboard_scrub: None,
        }
    }
}

directive! {
    /// The name that the greeting and the logs show.
    ServerName "name" in SERVER | VHOST, inherits: no, default: "Gantry", parse: parse::text
}
directive! {
    /// What the greeting shows: nothing of the server (`off`), or a text of one's own.
    ServerIdent "off|on [\"identification string\"]" in SERVER | VHOST | GLOBAL, inherits: replace, default: "on", parse: words::ident
}
directive! {
    /// How the server is run: it listens itself. (`inetd` is refused: a super-server would start one process per connection.)
    ServerType "standalone" in SERVER, inherits: no, default: "standalone", parse: words::server_type
}
directive! {
    /// Serves the clients that come to an address that no server claims.
    DefaultServer "on|off" in SERVER | VHOST, inherits: no, default: "off", parse: parse::on_off
}
directive! {
    /// The addresses at which the main server listens; all of the machine's unless given.
    DefaultAddress "ip-address ..." in SERVER, inherits: no, parse: words::addresses
}
directive! {
    /// The port of the control connections. 0 turns the server off, as when all clients shall come to a `<VirtualHost>`;
    /// `any` lets the kernel choose one and the log name it.
    Port "number|any" in SERVER | VHOST | GLOBAL, inherits: replace, default: "21", parse: words::port
}
directive! {
    /// The user that the daemon becomes when it is started as root.
    User "name" in SERVER | VHOST | GLOBAL, inherits: replace, parse: words::user
}
directive! {
    /// The group that the daemon becomes when it is started as root.
    Group "name" in SERVER | VHOST | GLOBAL, inherits: replace, parse: words::group
}
directive! {
    /// Whom the answer to HELP names.
    ServerAdmin "email-address" in SERVER | VHOST, inherits: no, default: "root@host"
}
directive! {
    /// The file that holds the daemon's process id while it runs, and by whose lock a second start is refused. Under the
    /// name `proftpd`, in the background, `PREFIX/var/proftpd.pid` unless given.
    PidFile "path" in SERVER, inherits: no, parse: parse::path
}
directive! {
    /// Accepted without effect, and a notice says so: one process serves all sessions and knows them, so none are
    /// written to a file.
    ScoreboardFile "path" in SERVER, inherits: no
}
directive! {
    /// Accepted without effect, as `ScoreboardFile` is.
    ScoreboardMutex "path" in SERVER, inherits: no
}
directive! {
    /// Accepted without effect, as `ScoreboardFile` is.
    ScoreboardOptions "option ..." in SERVER, inherits: no, parse: parse::words
}
directive! {
    /// Accepted without effect, as `ScoreboardFile` is.
    ScoreboardScrub "on|off|seconds" in SERVER, inherits: no
}
directive! {
    /// The permission bits that new files, and new directories, do not get.
    Umask "file-umask [dir-umask]" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, default: "022", parse: words::umask
}
directive! {
    /// Looks up the client's name by its address, for the logs.
    UseReverseDNS "on|off" in SERVER, inherits: replace, default: "off", parse: parse::on_off
}
directive! {
    /// How many sessions there may be at once.
    MaxInstances "count|none" in SERVER, inherits: no, default: "none", parse: words::instances
}
directive! {
    /// The time that a client has to log in; 0 for ever.
    TimeoutLogin "seconds" in SERVER | VHOST | GLOBAL, inherits: replace, default: "300", parse: parse::seconds
}
directive! {
    /// The time after which a session that says nothing is ended; 0 for never.
    TimeoutIdle "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace, default: "600", parse: parse::seconds
}
directive! {
    /// The time after which a session that transfers nothing is ended; 0 for never.
    TimeoutNoTransfer "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace, default: "300", parse: parse::seconds
}
directive! {
    /// The time after which a transfer without a byte moving is broken off; 0 for never.
    TimeoutStalled "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace, default: "3600", parse: parse::seconds
}
directive! {
    /// The file of the daemon's own log; standard error unless given.
    SystemLog "path|none" in SERVER | GLOBAL, inherits: no, parse: words::system_log
}
directive! {
    /// The ports that passive data connections use, one at random. Unless given, ports from 49152 on are tried, and then the
    /// kernel chooses one.
    PassivePorts "min max" in SERVER | VHOST | GLOBAL, inherits: replace, parse: words::ports
}
directive! {
    /// The address that passive replies name, for servers behind a translation of addresses.
    MasqueradeAddress "ip-address" in SERVER | VHOST | GLOBAL, inherits: replace, parse: words::address
}
directive! {
    /// The longest command line that is read, in bytes.
    CommandBufferSize "size" in SERVER | VHOST | GLOBAL, inherits: replace, default: "4096", parse: words::line_limit
}
directive! {
    /// Loads a module from a shared object; a notice for one that is linked in.
    LoadModule "name" in SERVER | GLOBAL, inherits: no
}
directive! {
    /// The folder in which LoadModule looks.
    ModulePath "path" in SERVER | GLOBAL, inherits: no, parse: parse::path
}
directive! {
    /// Loads a library that modules need, at this line and for the life of the process; see docs/loading.md.
    LoadFile "path" in SERVER, inherits: no, parse: parse::path
}
directive! {
    /// The order in which modules are asked, where their own wishes do not suit; those that it does not name keep to theirs.
    ModuleOrder "name ..." in SERVER, inherits: no, parse: parse::words
}
directive! {
    /// Only modules with a signature by one of these ed25519 keys (in base64, or files of such) are loaded by the lines below.
    ModuleSigners "key|path ..." in SERVER, inherits: no, parse: words::signers
}
directive! {
    /// The time that a module has to start; 0 for as long as it likes.
    TimeoutModuleStart "seconds" in SERVER, inherits: no, default: "60", parse: parse::seconds
}
directive! {
    /// How often a module may panic before it is marked failed: from then on it is called no more, and what it was to judge
    /// or to do is refused, until it is swapped or the configuration reloaded. A panic before that ends one command alone.
    ModulePanicLimit "count|none" in SERVER, inherits: no, default: "100", parse: parse::count_or_none
}
directive! {
    /// Lets `.ftpaccess` files say what holds in their folders.
    AllowOverride "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY, inherits: replace, default: "off", parse: parse::on_off
}
directive! {
    /// Allows what a section is about.
    AllowAll "" in ANONYMOUS | DIRECTORY | LIMIT | FTPACCESS, inherits: no, parse: |words| check_rule("AllowAll", words)
}
directive! {
    /// Denies what a section is about.
    DenyAll "" in ANONYMOUS | DIRECTORY | LIMIT | FTPACCESS, inherits: no, parse: |words| check_rule("DenyAll", words)
}
directive! {
    /// Which of the Allow and Deny directives of a section are asked first; where none of them matches, `allow,deny` says nothing and `deny,allow` denies.
    Order "allow,deny|deny,allow" in LIMIT, inherits: no, default: "allow,deny", parse: |words| check_rule("Order", words)
}
directive! {
    /// Allows what a section is about to clients by address, network (`10.0.0.0/8`, `10.0.0.`) or host name (`.example.com`, wildcards).
    Allow "[from] all|none|host|network ..." in LIMIT, inherits: no, parse: |words| check_rule("Allow", words)
}
directive! {
    /// Allows it to users: any of those named (`!name`: anybody else).
    AllowUser "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("AllowUser", words)
}
directive! {
    /// Allows it to those who are in all of the groups named (`!name`: not in it).
    AllowGroup "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("AllowGroup", words)
}
directive! {
    /// Allows it to clients of any of the classes named (`!name`: of another one).
    AllowClass "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("AllowClass", words)
}
directive! {
    /// Denies what a section is about to clients by address, network (`10.0.0.0/8`, `10.0.0.`) or host name (`.example.com`, wildcards).
    Deny "[from] all|none|host|network ..." in LIMIT, inherits: no, parse: |words| check_rule("Deny", words)
}
directive! {
    /// Denies it to users: any of those named (`!name`: anybody else).
    DenyUser "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("DenyUser", words)
}
directive! {
    /// Denies it to those who are in all of the groups named (`!name`: not in it).
    DenyGroup "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("DenyGroup", words)
}
directive! {
    /// Denies it to clients of any of the classes named (`!name`: of another one).
    DenyClass "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("DenyClass", words)
}
directive! {
    /// The clients of a class, by address, network or host name (`!host`: all others).
    From "[!]host|network ..." in CLASS, inherits: no, parse: |words| check_class_rule("From", words)
}
directive! {
    /// Whether one From rule of a class is enough, or all must hold.
    Satisfy "any|all" in CLASS, inherits: no, default: "any", parse: |words| check_class_rule("Satisfy", words)
}
