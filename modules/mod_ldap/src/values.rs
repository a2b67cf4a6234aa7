//! The values of mod_ldap's directives.

use std::path::PathBuf;

use serde::Deserialize;

/// LDAPBindDN. Its password must not appear in any message.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct BindAs {
    pub(crate) dn: String,
    pub(crate) password: String,
}

/// Without the password.
impl std::fmt::Debug for BindAs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("BindAs").field("dn", &self.dn).finish_non_exhaustive()
    }
}

/// LDAPUsers or LDAPGroups: a base, and the filters that the line has, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Lookups {
    pub(crate) base: String,
    pub(crate) filters: Vec<String>,
}

/// LDAPDefaultAuthScheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DefaultScheme {
    /// A hash of crypt(5).
    Crypt,
    /// The password itself.
    Clear,
}

/// LDAPDefaultUID or LDAPDefaultGID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DefaultId {
    /// That of the system's user of this name.
    Auto,
    /// A number.
    Is(u32),
}

/// LDAPSearchScope, or the scope of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// The entry itself.
    Base,
    /// The entries directly below.
    OneLevel,
    /// The entry and all below.
    Subtree,
}

impl From<Scope> for ldap3::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Base => Self::Base,
            Scope::OneLevel => Self::OneLevel,
            Scope::Subtree => Self::Subtree,
        }
    }
}

/// LDAPAliasDereference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Aliases {
    Never,
    Always,
    Search,
    Find,
}

impl From<Aliases> for ldap3::DerefAliases {
    fn from(aliases: Aliases) -> Self {
        match aliases {
            Aliases::Never => Self::Never,
            Aliases::Always => Self::Always,
            Aliases::Search => Self::Searching,
            Aliases::Find => Self::Finding,
        }
    }
}

/// LDAPUseSASL, as far as it makes a difference here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sasl {
    /// The server knows the client by its certificate, or by the user at the other end of a socket.
    External,
    /// No password is needed: a simple bind without a name.
    Anonymous,
    /// The password would go to the server as it is, as in a simple bind.
    Plain,
    /// The password would not go to the server: a simple bind, and only in TLS.
    Challenge,
}

/// One line of LDAPServer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ServerLine {
    /// The servers, in order.
    pub(crate) servers: Vec<Server>,
    /// How they are spoken to by TLS.
    pub(crate) tls: Parameters,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Server {
    /// As it is in the line.
    pub(crate) word: String,
    /// Scheme, host and port alone.
    pub(crate) url: String,
    /// The scope of the URL; none if it is no URL, or has none.
    pub(crate) scope: Option<Scope>,
    /// Whether it is a URL, whose scope is `base` by default.
    pub(crate) is_url: bool,
}

impl Server {
    /// The one that there is without LDAPServer.
    pub(crate) fn local() -> Self {
        Self { word: "localhost".to_owned(), url: "ldap://localhost".to_owned(), scope: None, is_url: false }
    }

    /// Whether it is at the other end of a socket of this host.
    pub(crate) fn is_socket(&self) -> bool {
        self.url.starts_with("ldapi:")
    }

    /// Whether TLS comes first.
    pub(crate) fn is_tls(&self) -> bool {
        self.url.starts_with("ldaps:")
    }
}

/// The `ssl-` parameters of a line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Parameters {
    /// Who signs the server's certificate; those whom the system trusts without it.
    pub(crate) ca: Option<PathBuf>,
    /// The client's certificate.
    pub(crate) cert: Option<PathBuf>,
    /// Its key.
    pub(crate) key: Option<PathBuf>,
    /// OpenSSL's list of ciphers.
    pub(crate) ciphers: Option<String>,
    /// Whether the server's certificate is verified.
    pub(crate) verify: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { ca: None, cert: None, key: None, ciphers: None, verify: true }
    }
}
