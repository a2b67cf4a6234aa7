//! The directives that the server itself answers to, and their typed settings
//! in one scope.

mod port;
mod words;

use std::net::IpAddr;

use gantry_api::{directive, parse, settings};
use gantry_config::{check_class_rule, check_rule};
use serde::Deserialize;

pub use port::Port;

settings! {
    /// What the server reads from a scope.
    #[derive(Debug, Clone)]
    pub struct Settings {
        /// The name that the greeting and the logs show.
        pub name: String = ServerName "name" in SERVER | VHOST, inherits: no, default: "Gantry", parse: parse::text;
        /// What the greeting shows: nothing of the server (`off`), or a text of one's own.
        // None for ProFTPD's form of greeting, empty for `off`.
        pub ident: Option<String> = ServerIdent "off|on [\"identification string\"]" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: words::ident;
        /// How the server is run: it listens itself. (`inetd` is refused: a super-server would start one process per connection.)
        pub kind: ServerType = ServerType "standalone" in SERVER,
            inherits: no, default: "standalone", parse: words::server_type;
        /// Serves the clients that come to an address that no server claims.
        pub default_server: bool = DefaultServer "on|off" in SERVER | VHOST,
            inherits: no, default: "off", parse: parse::on_off;
        /// The addresses at which the main server listens; all of the machine's unless given.
        // Empty for every address.
        pub addresses: Vec<String> = DefaultAddress "ip-address ..." in SERVER, inherits: no, parse: words::addresses;
        /// The port of the control connections. 0 turns the server off, as when all clients shall come to a `<VirtualHost>`;
        /// `any` lets the kernel choose one and the log name it.
        pub port: Port = Port "number|any" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "21", parse: words::port;
        /// The user that the daemon becomes when it is started as root. In an `<Anonymous>`, the user whose name logs in by that
        /// section, and under whose id its files are touched.
        pub user: Option<String> = User "name" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace;
        /// The group that the daemon becomes when it is started as root. In an `<Anonymous>`, the group under whose id its files
        /// are touched.
        pub group: Option<String> = Group "name" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace;
        /// The file that holds the daemon's process id while it runs, and by whose lock a second start is refused. Under the
        /// name `proftpd`, in the background, `PREFIX/var/proftpd.pid` unless given.
        pub pid_file: Option<String> = PidFile "path" in SERVER, inherits: no, parse: parse::path;
        /// The permission bits that new files, and new directories, do not get.
        // For files, and for directories.
        pub umask: (u32, u32) = Umask "file-umask [dir-umask]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "022", parse: words::umask;
        /// Looks up the client's name by its address, for the logs.
        pub reverse_dns: bool = UseReverseDNS "on|off" in SERVER,
            inherits: replace, default: "off", parse: parse::on_off;
        /// How many sessions there may be at once.
        pub max_instances: Option<usize> = MaxInstances "count|none" in SERVER,
            inherits: no, default: "none", parse: words::instances;
        /// How many connections are taken in an interval of so many seconds, of one unless given; more are closed without an
        /// answer until the interval is over. 0 for any number.
        // The count and the seconds.
        pub connection_rate: Option<(u64, u64)> = MaxConnectionRate "count [seconds]" in SERVER,
            inherits: no, parse: words::connection_rate;
        /// The time that a client has to log in; 0 for ever.
        pub timeout_login: u64 = TimeoutLogin "seconds" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "300", parse: parse::seconds;
        /// The time after which a session that says nothing is ended; 0 for never.
        pub timeout_idle: u64 = TimeoutIdle "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "600", parse: parse::seconds;
        /// The time after which a session that transfers nothing is ended; 0 for never.
        pub timeout_no_transfer: u64 = TimeoutNoTransfer "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "300", parse: parse::seconds;
        /// The time after which a transfer without a byte moving is broken off; 0 for never.
        pub timeout_stalled: u64 = TimeoutStalled "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "3600", parse: parse::seconds;
        /// The order in which modules are asked, where their own wishes do not suit; those that it does not name keep to theirs.
        pub module_order: Vec<String> = ModuleOrder "name ..." in SERVER, inherits: no, parse: parse::words;
        /// The time that a module has to start; 0 for as long as it likes.
        pub timeout_module_start: u64 = TimeoutModuleStart "seconds" in SERVER,
            inherits: no, default: "60", parse: parse::seconds;
        /// How often a module may panic before it is marked failed: from then on it is called no more, and what it was to judge
        /// or to do is refused, until it is swapped or the configuration reloaded. A panic before that ends one command alone.
        pub most_panics: Option<usize> = ModulePanicLimit "count|none" in SERVER,
            inherits: no, default: "100", parse: parse::count_or_none;
        /// The file of the daemon's own log; standard error unless given.
        pub system_log: Option<String> = SystemLog "path|none" in SERVER | GLOBAL,
            inherits: no, parse: words::system_log;
        /// The ports that passive data connections use, one at random. Unless given, ports from 49152 on are tried, and then the
        /// kernel chooses one.
        pub passive_ports: Option<(u16, u16)> = PassivePorts "min max" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::ports;
        /// The address that passive replies name, for servers behind a translation of addresses.
        pub masquerade: Option<IpAddr> = MasqueradeAddress "ip-address" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::address;
        /// The longest command line that is read, in bytes.
        pub line_limit: usize = CommandBufferSize "size" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "4096", parse: words::line_limit;
        /// Lets `.ftpaccess` files say what holds in their folders.
        pub allow_override: bool = AllowOverride "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, default: "off", parse: parse::on_off;
        /// What holds the files: a store that a module provides, by its name, or the host's own file system. A store's paths
        /// are those that clients see, for `<Directory>` as well; `.ftpaccess` files and DefaultRoot have no effect in it.
        pub file_store: Option<String> = FileStore "host|name" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "host", parse: words::file_store;
        /// Accepted without effect, and a notice says so: one process serves all sessions and knows them, so none are
        /// written to a file.
        scoreboard_file: Option<String> = ScoreboardFile "path" in SERVER, inherits: no;
        /// Accepted without effect, as `ScoreboardFile` is.
        scoreboard_mutex: Option<String> = ScoreboardMutex "path" in SERVER, inherits: no;
        /// Accepted without effect, as `ScoreboardFile` is.
        scoreboard_options: Option<Vec<String>> = ScoreboardOptions "option ..." in SERVER,
            inherits: no, parse: parse::words;
        /// Accepted without effect, as `ScoreboardFile` is.
        scoreboard_scrub: Option<String> = ScoreboardScrub "on|off|seconds" in SERVER, inherits: no;
    }
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

directive! {
    /// Whom the answer to HELP names.
    ServerAdmin "email-address" in SERVER | VHOST, inherits: no, otherwise: "root@host"
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
    /// Only modules with a signature by one of these ed25519 keys (in base64, or files of such) are loaded by the lines below.
    ModuleSigners "key|path ..." in SERVER, inherits: no, parse: words::signers
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
