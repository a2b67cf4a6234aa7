//! The server's own directives, and their settings in one scope.

mod filters;
mod hidden;
mod homes;
mod owners;
mod port;
mod sockets;
mod words;

use std::net::IpAddr;

use gantry_api::log::Level;
use gantry_api::{directive, parse, settings};
use gantry_config::{check_class_rule, check_rule};
use serde::Deserialize;

use crate::log::{LOGGER, LogOptions};

pub use filters::Filters;
pub use hidden::{Hidden, Owner};
pub use homes::CreateHome;
pub use owners::Owners;
pub use port::Port;
pub use sockets::{Foreign, RootRevoke, SocketOptions, Sockets};

settings! {
    /// The server's settings in a scope.
    #[derive(Debug, Clone)]
    pub struct Settings {
        /// The server's name in the greeting and the logs.
        pub name: String = ServerName "name" in SERVER | VHOST, inherits: no, default: "Gantry", parse: parse::text;
        /// The text of the greeting: `off` hides the server, `on` may be followed by your own text, in which `%v` is the
        /// ServerName, `%L` and `%V` the server's address, and `%{version}` Gantry's version.
        // `None` for ProFTPD's form of greeting, empty for `off`.
        pub ident: Option<String> = ServerIdent "off|on [\"identification string\"]" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: words::ident;
        /// Whether the greeting leaves out the server's name and address; a ServerIdent with a text of its own is shown.
        pub defer_welcome: bool = DeferWelcome "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// How the server runs: `standalone` means that it listens itself. `inetd` is refused,
        /// because a super-server would start one process per connection.
        pub kind: ServerType = ServerType "standalone" in SERVER,
            inherits: no, default: "standalone", parse: words::server_type;
        /// Makes this server serve clients that connect to an address that belongs to no server.
        pub default_server: bool = DefaultServer "on|off" in SERVER | VHOST,
            inherits: no, default: "off", parse: parse::on_off;
        /// The addresses on which the main server listens; by default all of the machine's.
        // Empty for every address.
        pub addresses: Vec<String> = DefaultAddress "ip-address ..." in SERVER, inherits: no, parse: words::addresses;
        /// The port for control connections. 0 turns the server off, for example if all clients use
        /// a `<VirtualHost>`; with `any` the kernel chooses a port, which the log names.
        pub port: Port = Port "number|any" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "21", parse: words::port;
        /// Names of this server for clients that ask for one by HOST (RFC 7151), with wildcards (`*.example.org`). A name of
        /// `<VirtualHost>` need not be given again.
        pub aliases: Vec<Vec<String>> = ServerAlias "name ..." in SERVER | VHOST | GLOBAL,
            inherits: append, parse: parse::words;
        /// The user that the daemon becomes when it is started as root. In an `<Anonymous>`, the user whose name logs in by that
        /// section, and under whose id its files are touched.
        pub user: Option<String> = User "name" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace;
        /// The group that the daemon becomes when it is started as root. In an `<Anonymous>`, the group under whose id its files
        /// are touched.
        pub group: Option<String> = Group "name" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace;
        /// The file for the daemon's process id while it runs. It is locked, so a second daemon refuses to start. Under the
        /// name `proftpd`, in the background, the default is `PREFIX/var/proftpd.pid`.
        pub pid_file: Option<String> = PidFile "path" in SERVER, inherits: no, parse: parse::path;
        /// The permission bits that new files and new directories do not get.
        // For files, and for directories.
        pub umask: (u32, u32) = Umask "file-umask [dir-umask]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "022", parse: words::umask;
        /// Whether to look up the host names of clients, for logs and for rules with host names.
        pub reverse_dns: bool = UseReverseDNS "on|off" in SERVER,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The maximum number of sessions. There are never more than the limit on open files has room for.
        pub max_instances: Option<usize> = MaxInstances "count|none" in SERVER,
            inherits: no, default: "none", parse: words::instances;
        /// The maximum number of clients from one address (of IPv6: one /64) that have not logged in. More are turned away.
        pub max_strangers: Option<usize> = MaxUnauthenticatedPerHost "count|none" in SERVER,
            inherits: no, default: "100", parse: parse::count_or_none;
        /// The maximum number of new connections in an interval of so many seconds (default 1).
        /// More are closed without a reply until the interval is over. 0 means no limit.
        // The count and the seconds.
        pub connection_rate: Option<(u64, u64)> = MaxConnectionRate "count [seconds]" in SERVER,
            inherits: no, parse: words::connection_rate;
        /// The time that a client has to log in; 0 means no limit.
        pub timeout_login: u64 = TimeoutLogin "seconds" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "300", parse: parse::seconds;
        /// The time without a command after which a session is ended; 0 means never.
        pub timeout_idle: u64 = TimeoutIdle "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "600", parse: parse::seconds;
        /// The time without a transfer after which a session is ended; 0 means never.
        pub timeout_no_transfer: u64 = TimeoutNoTransfer "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "300", parse: parse::seconds;
        /// The time after which a transfer that moves no bytes is aborted; 0 means never.
        pub timeout_stalled: u64 = TimeoutStalled "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "3600", parse: parse::seconds;
        /// The order in which modules are called, if their own declarations do not suit. Modules
        /// that it does not list keep their declared order.
        pub module_order: Vec<String> = ModuleOrder "name ..." in SERVER, inherits: no, parse: parse::words;
        /// The time that a module has to start; 0 means no limit.
        pub timeout_module_start: u64 = TimeoutModuleStart "seconds" in SERVER,
            inherits: no, default: "60", parse: parse::seconds;
        /// The number of panics after which a module is marked as failed. It is then no longer
        /// called, and every command it would have handled or checked is refused, until it is
        /// swapped or the configuration is reloaded. Before that, a panic ends only one command.
        pub most_panics: Option<usize> = ModulePanicLimit "count|none" in SERVER,
            inherits: no, default: "100", parse: parse::count_or_none;
        /// The file for the daemon's own log; by default standard error.
        pub system_log: Option<String> = SystemLog "path|none" in SERVER | GLOBAL,
            inherits: no, parse: words::system_log;
        /// A file for what the daemon's log says of this server's sessions, instead of SystemLog; `none` for no log of
        /// them.
        pub server_log: Option<String> = ServerLog "path|\"none\"" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::server_log;
        /// What the lines of SystemLog and ServerLog contain: `Hostname` (off by default), `RoleBasedProcessLabels` (off by
        /// default), `Timestamp`, and `VirtualHost`, the server's address in lines about a session.
        log_options: Vec<LogOptions> = LogOptions "[+|-]option ..." in SERVER | VHOST | GLOBAL,
            inherits: append, parse: words::log_options;
        /// The range of ports for passive data connections, from which a random one is used. By
        /// default ports from 49152 up are tried first; if none is free, the kernel chooses one.
        pub passive_ports: Option<(u16, u16)> = PassivePorts "min max" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::ports;
        /// The address in passive replies, for servers behind NAT: as such, by its name, or by a network device that has it.
        pub masquerade: Option<IpAddr> = MasqueradeAddress "ip-address|dns-name|device-name" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::masquerade;
        /// The maximum length of a command line, in bytes.
        pub line_limit: usize = CommandBufferSize "size" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "4096", parse: words::line_limit;
        /// Whether `.ftpaccess` files are read and apply to their folders.
        pub allow_override: bool = AllowOverride "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether clients may create, write, rename, remove or change `.ftpaccess` files. This counts
        /// if AllowOverride is on anywhere in the configuration.
        pub override_write: bool = AllowOverrideWrite "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Where the clients' files are: the host's file system, or the store of this name that a
        /// module provides. Paths in a store are those that clients see, also in `<Directory>`;
        /// `.ftpaccess` files and DefaultRoot have no effect in it.
        pub file_store: Option<String> = FileStore "host|name" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "host", parse: words::file_store;
        /// The maximum number of commands of a session in an interval of so many seconds (default 1); further ones wait until the
        /// interval is over.
        // The count and the seconds.
        pub command_rate: Option<(u64, u64)> = MaxCommandRate "count [seconds]" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::command_rate;
        /// The time after its login at which a session is ended; 0 means never.
        pub timeout_session: u64 = TimeoutSession "seconds" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "0", parse: parse::seconds;
        /// Whether servers also listen for IPv6 where no address says otherwise.
        pub use_ipv6: bool = UseIPv6 "on|off" in SERVER, inherits: no, default: "on", parse: parse::on_off;
        /// How much the log says, 0 to 10; the option `-d` may ask for more. In a `<VirtualHost>` it is about that server's
        /// sessions.
        pub debug_level: u8 = DebugLevel "level" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "0", parse: words::debug_level;
        /// The facility of lines for syslog.
        // Its number (RFC 3164).
        pub syslog_facility: Option<u8> = SyslogFacility "facility" in SERVER, inherits: no, parse: words::facility;
        /// The least important lines that go to syslog.
        pub syslog_level: Option<SyslogLevel> = SyslogLevel "emerg|alert|crit|error|warn|notice|info|debug" in SERVER,
            inherits: no, parse: words::syslog_level;
        /// The maximum number of connections that wait to be accepted.
        pub backlog: i32 = TCPBacklog "count" in SERVER, inherits: no, default: "1024", parse: words::backlog;
        // Of mod_auth.
        pub(crate) chroot_symlinks: Option<bool> = AllowChrootSymlinks;
        pub(crate) create_home: Option<CreateHome> = CreateHome;
        /// What is hidden.
        pub hidden: Hidden;
        /// The owners of new files.
        pub owners: Owners;
        /// Options of connections.
        pub sockets: Sockets;
        /// Filters of arguments and paths.
        pub filters: Filters;
    }
}

/// SyslogLevel, as far as the log distinguishes levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogLevel {
    /// `emerg`, `alert`, `crit`, `error`
    Error,
    /// `warn`
    Warn,
    /// `notice`, `info`
    Info,
    /// `debug`
    Debug,
}

impl SyslogLevel {
    /// The log's level.
    pub fn level(self) -> Level {
        match self {
            Self::Error => Level::Error,
            Self::Warn => Level::Warn,
            Self::Info => Level::Info,
            Self::Debug => Level::Trace,
        }
    }
}

impl Settings {
    /// Applies the settings of the log. `servers` are the settings of all servers.
    pub fn configure_log<'s>(&self, servers: impl Iterator<Item = &'s Self>) {
        let of_servers = servers.map(|server| server.debug_level).max().unwrap_or_default();
        LOGGER.configure(self.debug_level, of_servers, self.syslog_facility, self.syslog_level.map(SyslogLevel::level));
    }

    /// The beginning of log lines; the last setting of each option counts.
    pub fn log_options(&self) -> LogOptions {
        self.log_options.iter().fold(LogOptions::NONE, |before, options| options.or(before))
    }
}

/// How the server is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ServerType {
    /// It listens itself.
    #[serde(rename = "standalone")]
    Standalone,
    /// A super-server passes connections to it.
    #[serde(rename = "inetd")]
    Inetd,
}

directive! {
    /// The contact in the reply to HELP.
    ServerAdmin "email-address" in SERVER | VHOST, inherits: no, otherwise: "root@host"
}
directive! {
    /// Loads a module from a shared object; only a notice if the module is linked in.
    LoadModule "name" in SERVER | GLOBAL, inherits: no
}
directive! {
    /// The folder in which LoadModule looks.
    ModulePath "path" in SERVER | GLOBAL, inherits: no, parse: parse::path
}
directive! {
    /// Loads a library that modules need. It takes effect at this line and lasts until the daemon ends; see
    /// docs/loading.md.
    LoadFile "path" in SERVER, inherits: no, parse: parse::path
}
directive! {
    /// The ed25519 keys, in base64 or in files: the lines below only load modules signed by one of them.
    ModuleSigners "key|path ..." in SERVER, inherits: no, parse: words::signers
}
directive! {
    /// Grants everyone access for this section.
    AllowAll "" in ANONYMOUS | DIRECTORY | LIMIT | FTPACCESS, inherits: no, parse: |words| check_rule("AllowAll", words)
}
directive! {
    /// Denies everyone access for this section.
    DenyAll "" in ANONYMOUS | DIRECTORY | LIMIT | FTPACCESS, inherits: no, parse: |words| check_rule("DenyAll", words)
}
directive! {
    /// Which of a section's Allow and Deny directives are checked first. If none matches, `allow,deny` decides nothing and
    /// `deny,allow` denies.
    Order "allow,deny|deny,allow" in LIMIT, inherits: no, default: "allow,deny", parse: |words| check_rule("Order", words)
}
directive! {
    /// Grants access for this section to clients by address, network (`10.0.0.0/8`, `10.0.0.`) or host name
    /// (`.example.com`, wildcards).
    Allow "[from] all|none|host|network ..." in LIMIT, inherits: no, parse: |words| check_rule("Allow", words)
}
directive! {
    /// Grants access for this section to any of the named users (`!name`: to anyone else).
    AllowUser "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("AllowUser", words)
}
directive! {
    /// Grants access for this section to users who are in all of the named groups (`!name`: not in that group).
    AllowGroup "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("AllowGroup", words)
}
directive! {
    /// Grants access for this section to clients in any of the named classes (`!name`: not in that class).
    AllowClass "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("AllowClass", words)
}
directive! {
    /// Denies access for this section to clients by address, network (`10.0.0.0/8`, `10.0.0.`) or host name
    /// (`.example.com`, wildcards).
    Deny "[from] all|none|host|network ..." in LIMIT, inherits: no, parse: |words| check_rule("Deny", words)
}
directive! {
    /// Denies access for this section to any of the named users (`!name`: to anyone else).
    DenyUser "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("DenyUser", words)
}
directive! {
    /// Denies access for this section to users who are in all of the named groups (`!name`: not in that group).
    DenyGroup "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("DenyGroup", words)
}
directive! {
    /// Denies access for this section to clients in any of the named classes (`!name`: not in that class).
    DenyClass "[AND|OR|regex] expression" in LIMIT, inherits: no, parse: |words| check_rule("DenyClass", words)
}
directive! {
    /// The clients in a class, by address, network or host name (`!host`: all others).
    From "[!]host|network ..." in CLASS, inherits: no, parse: |words| check_class_rule("From", words)
}
directive! {
    /// Whether one matching From rule is enough for a class, or all must match.
    Satisfy "any|all" in CLASS, inherits: no, default: "any", parse: |words| check_class_rule("Satisfy", words)
}
