//! mod_ldap's settings in one scope. `directives` has the parsers.

use std::path::PathBuf;

use gantry_api::{LogTarget, parse, settings};

use crate::directives;
use crate::values::{Aliases, BindAs, DefaultId, DefaultScheme, Lookups, Sasl, Scope, ServerLine};

settings! {
    /// The settings of one scope.
    #[derive(Debug, Clone)]
    pub(crate) struct Settings {
        /// Where the directory is: servers, asked in this order when those before them do not answer. Each is `host`,
        /// `host:port` or a URL with the scheme ldap, ldaps or ldapi. Without a scope (`ldap://host/??sub`) the scope of
        /// a URL is `base`, as in ProFTPD, unless LDAPSearchScope is set. The `ssl-` parameters are for all servers of
        /// the line.
        pub(crate) servers: Vec<ServerLine> = LDAPServer "url1|host1:port1 url2|host2:port2 [ssl-ca:<path>] [ssl-cert:<path>] [ssl-key:<path>] [ssl-ciphers:<list>] [ssl-verify:boolean]"
            in SERVER | VHOST | GLOBAL,
            inherits: append, otherwise: "localhost", parse: directives::server;
        /// Whom to bind as for look-ups; nobody by default.
        pub(crate) bind: Option<BindAs> = LDAPBindDN "dn password" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::bind, secret: true;
        /// Looks users up: below which entry, and by which filters. `%u` and `%v` are the user's name, in the base too; in
        /// the second filter they are a user id, whose name listings show. Without it, mod_ldap knows no users.
        pub(crate) users: Option<Lookups> = LDAPUsers "base-dn [name-filter-template [uid-filter-template]]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::users;
        /// Looks up the groups of users: below which entry, and by which filters. `%v` is the name of the group, its
        /// number, or the name of the user.
        pub(crate) groups: Option<Lookups> = LDAPGroups "base-dn [cn-filter-template [gid-number-filter-template [member-uid-filter-template]]]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::groups;
        /// Whether the directory checks passwords, by a bind as the user; otherwise mod_ldap compares them with
        /// `userPassword`.
        pub(crate) auth_binds: bool = LDAPAuthBinds "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: parse::on_off;
        /// The scheme of a `userPassword` without a `{scheme}`.
        pub(crate) scheme: DefaultScheme = LDAPDefaultAuthScheme "\"crypt\"|\"clear\"" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "crypt", parse: directives::scheme;
        /// Another name for an attribute: uid, uidNumber, gidNumber, homeDirectory, userPassword, loginShell, cn,
        /// memberUid or ftpQuota.
        pub(crate) names: Vec<(String, String)> = LDAPAttr "old-attr-name new-attr-name" in SERVER | VHOST | GLOBAL,
            inherits: append, parse: directives::attribute;
        /// The user id of users without a uidNumber; `Auto` takes that of the system's user of the same name.
        pub(crate) uid: Option<DefaultId> = LDAPDefaultUID "uid" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::id;
        /// The group id of users without a gidNumber; `Auto` takes that of the system's user of the same name.
        pub(crate) gid: Option<DefaultId> = LDAPDefaultGID "gid" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::id;
        /// Whether all users have the id of LDAPDefaultUID.
        pub(crate) force_uid: bool = LDAPForceDefaultUID "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether all users have the group id of LDAPDefaultGID.
        pub(crate) force_gid: bool = LDAPForceDefaultGID "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether users without a homeDirectory get a home folder below LDAPGenerateHomedirPrefix. CreateHome makes it.
        pub(crate) generates: bool = LDAPGenerateHomedir "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The folder of generated home folders.
        pub(crate) prefix: Option<PathBuf> = LDAPGenerateHomedirPrefix "prefix" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::prefix;
        /// Whether LDAPGenerateHomedirPrefix is the home folder itself.
        pub(crate) prefix_alone: bool = LDAPGenerateHomedirPrefixNoUsername "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// Whether users with a homeDirectory get a generated home folder, too.
        pub(crate) forces: bool = LDAPForceGeneratedHomedir "off|on" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The quota of users without an ftpQuota, in its format.
        pub(crate) quota: Option<String> = LDAPDefaultQuota "default-quota" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::quota;
        /// How far below its base a search goes, on servers without a scope in their URL.
        pub(crate) scope: Option<Scope> = LDAPSearchScope "base|onelevel|subtree" in SERVER | VHOST | GLOBAL,
            inherits: replace, otherwise: "subtree", parse: directives::scope;
        /// When aliases in the directory are followed.
        pub(crate) aliases: Aliases = LDAPAliasDereference "never|always|search|find" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "never", parse: directives::aliases;
        /// The version of the protocol; only 3 is spoken.
        pub(crate) version: u32 = LDAPProtocolVersion "2|3" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "3", parse: directives::version;
        /// How many seconds a search or the check of a password may take.
        pub(crate) query_timeout: u64 = LDAPQueryTimeout "secs" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "5", parse: directives::timeout;
        /// How many seconds connecting to a server may take, TLS and the bind as LDAPBindDN included.
        pub(crate) connect_timeout: u64 = LDAPConnectTimeout "secs" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "5", parse: directives::timeout;
        /// Whether connections to ldap:// servers are encrypted (StartTLS). If that fails, nobody logs in.
        pub(crate) tls: bool = LDAPUseTLS "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// How to bind as LDAPBindDN: EXTERNAL by the client certificate or the socket's user. In place of the other
        /// mechanisms, which need TLS here unless they send the password in the clear, there is a simple bind.
        pub(crate) sasl: Option<Sasl> = LDAPUseSASL "mech1 ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::sasl;
        /// Whether searches tell the directory the client's address and session (draft-wahl-ldap-session); this needs
        /// mod_unique_id.
        pub(crate) tracking: bool = LDAPSessionTracking "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// A log of look-ups and passwords that were checked; `none` keeps none.
        log: Option<PathBuf> = LDAPLog "file|\"none\"" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: parse::path_or_none;
        /// Whether LDAPLog may be a symbolic link.
        follow_links: Option<bool> = AllowLogSymlinks;
    }
}

impl Settings {
    /// Where LDAPLog's lines go.
    pub(crate) fn log_target(&self) -> Option<LogTarget> {
        let follow_link = self.follow_links.unwrap_or_default();
        self.log.clone().map(|path| LogTarget::File { path, follow_link })
    }
}
