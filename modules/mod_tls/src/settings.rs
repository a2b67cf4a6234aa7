//! mod_tls's directives and settings.

use std::path::PathBuf;

use gantry_api::prelude::*;
use gantry_api::{LogTarget, parse};

use crate::curves;
use crate::files;
use crate::options::{self, Options};
use crate::protocol::{self, Versions};
use crate::required::{self, Requirement};
use crate::suites;
use crate::words;

settings! {
    /// The settings of one scope.
    #[derive(Debug, Clone)]
    pub(crate) struct Settings {
        /// Whether clients may protect their connections with TLS.
        pub(crate) engine: bool = TLSEngine "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// What clients must protect, or must not: the control connection (`ctrl`; `auth`: only until the login), data
        /// connections (`data`; `!data`: they must not), or both (`on`).
        pub(crate) required: Requirement = TLSRequired "on|off|ctrl|[!]data|auth|auth+[!]data|ctrl+[!]data" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, default: "off", parse: required::parse;
        /// The versions of TLS that clients may use. Gantry has TLSv1.2 and TLSv1.3; a list that names older ones leaves
        /// them out.
        pub(crate) versions: Versions = TLSProtocol "protocol ...|ALL [-protocol ...]" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "TLSv1.2 TLSv1.3", parse: protocol::parse;
        /// Options, by name. `CloseNotifyRequired` is Gantry's own: an upload that ends without the client's close_notify fails.
        pub(crate) options: Vec<Vec<Options>> = TLSOptions "option ..." in SERVER | VHOST | GLOBAL,
            inherits: sections, parse: options::parse;
        /// The server's name, for TLSPassPhraseProvider.
        name: Option<String> = ServerName;
        /// The server's port, for TLSPassPhraseProvider.
        port: Option<String> = Port;
        /// Whether clients' names are looked up.
        pub(crate) looks_up: Option<bool> = UseReverseDNS;
        /// Whether TLSLog may be a symbolic link.
        follow_links: Option<bool> = AllowLogSymlinks;
        pub(crate) certificates: Certificates;
        pub(crate) clients: Clients;
        pub(crate) handshakes: Handshakes;
        pub(crate) resumption: Resumption;
        /// No effect yet: no OCSP response is stapled.
        pub(crate) stapling: bool = TLSStapling "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// A log of handshakes and of refused connections; `none` keeps none.
        log: Option<PathBuf> = TLSLog "file|none" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: parse::path_or_none;
    }
}

settings! {
    /// The server's certificates.
    #[derive(Debug, Clone)]
    pub(crate) struct Certificates {
        /// The server's certificate with an RSA key, in PEM, and the certificates of its issuers behind it. The file may
        /// hold the key as well.
        pub(crate) rsa: Option<PathBuf> = TLSRSACertificateFile "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::certificate;
        /// The private key of TLSRSACertificateFile, in PEM. Others must not be able to read the file.
        pub(crate) rsa_key: Option<PathBuf> = TLSRSACertificateKeyFile "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::key;
        /// The server's certificate with an elliptic-curve key (P-256, P-384, P-521, Ed25519); else as TLSRSACertificateFile.
        /// With both, each client gets the one that it can verify.
        pub(crate) ec: Option<PathBuf> = TLSECCertificateFile "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::certificate;
        /// The private key of TLSECCertificateFile.
        pub(crate) ec_key: Option<PathBuf> = TLSECCertificateKeyFile "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::key;
        /// A PKCS#12 file with the server's certificate, its issuers' certificates and its key.
        pub(crate) pkcs12: Option<PathBuf> = TLSPKCS12File "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::private;
        /// The certificates of the issuers, in order, if the certificate's own file does not have them.
        pub(crate) chain: Option<PathBuf> = TLSCertificateChainFile "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::certificates;
        /// A program that prints the pass phrase of an encrypted key. It gets `server:port` and `RSA`, `EC` or `PKCS12`.
        pub(crate) pass_phrase: Option<PathBuf> = TLSPassPhraseProvider "path" in SERVER,
            inherits: replace, parse: files::program;
    }
}

settings! {
    /// The checks of client certificates.
    #[derive(Debug, Clone)]
    pub(crate) struct Clients {
        /// Whether clients must have a certificate that TLSCACertificateFile or TLSCACertificatePath vouches for; `optional`
        /// judges the certificates of those that have one.
        pub(crate) verify: words::Verify = TLSVerifyClient "on|off|optional" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: words::verify;
        /// The certificates of the authorities that vouch for clients, in PEM.
        pub(crate) authorities: Option<PathBuf> = TLSCACertificateFile "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::certificates;
        /// A folder of such certificates. All its files are read; hashed names are not needed.
        pub(crate) authorities_folder: Option<PathBuf> = TLSCACertificatePath "directory" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::folder;
        /// Certificate revocation lists of those authorities, in PEM. Each authority of a client's certificate then needs a
        /// list.
        pub(crate) revoked: Option<PathBuf> = TLSCARevocationFile "file" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::revocations;
        /// A folder of such lists.
        pub(crate) revoked_folder: Option<PathBuf> = TLSCARevocationPath "directory" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: files::folder;
        /// How many authorities there may be between a client's certificate and one that is trusted, with this one.
        pub(crate) depth: i64 = TLSVerifyDepth "depth" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "9", parse: parse::number;
        /// How revoked certificates are found: by lists (`crl`). `ocsp` is refused.
        order: Option<String> = TLSVerifyOrder "crl" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::order;
        /// What of a client's certificate must be equal to the user's name: such a user needs no password. `CommonName`,
        /// `EmailSubjAltName`, or the object identifier of an extension.
        pub(crate) user_name: Option<String> = TLSUserName "CommonName|EmailSubjAltName|oid" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: words::user_name;
    }
}

settings! {
    /// The parameters of handshakes.
    #[derive(Debug, Clone)]
    pub(crate) struct Handshakes {
        /// The ciphers, in OpenSSL's words. Those that Gantry does not have are left out; a list must leave one for each
        /// version that TLSProtocol allows. TLSv1.3's are chosen by a line of their own.
        pub(crate) suites: Vec<Vec<suites::Line>> = TLSCipherSuite "[protocol] cipher-list" in SERVER | VHOST | GLOBAL,
            inherits: sections, parse: suites::parse;
        /// The groups for key exchange, the best first: `X25519MLKEM768`, `X25519`, `prime256v1` (`P-256`), `secp384r1`.
        pub(crate) curves: Option<Vec<String>> = TLSECDHCurve "curve[:curve ...]" in SERVER | VHOST | GLOBAL,
            inherits: replace, otherwise: "X25519MLKEM768:X25519:prime256v1:secp384r1", parse: curves::parse;
        /// Whether the server's order of ciphers counts, not the client's.
        pub(crate) own_order: bool = TLSServerCipherPreference "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: parse::on_off;
        /// Whether a client that says for which protocol it comes (ALPN) is refused unless that is `ftp`.
        pub(crate) next_protocol: bool = TLSNextProtocol "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: parse::on_off;
        /// How long a handshake may take; 0 sets no limit of its own.
        pub(crate) timeout: u64 = TLSTimeoutHandshake "seconds" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "300", parse: parse::seconds;
    }
}

settings! {
    /// How TLS sessions are resumed.
    #[derive(Debug, Clone)]
    pub(crate) struct Resumption {
        /// Whether a client's next control connection may resume the TLS session of an earlier one. The cache is in the
        /// daemon's memory, whatever type is named. Data connections resume the session of their control connection in any
        /// case.
        pub(crate) cache: Option<words::Cache> = TLSSessionCache "off|type:[/info] [timeout]" in SERVER,
            inherits: replace, parse: words::cache;
        /// Whether the tickets of one control connection may be used for the next one.
        pub(crate) tickets: bool = TLSSessionTickets "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// When the keys that seal tickets are replaced, and how many of them are kept. A session's data connections need
        /// its key, so age times count is how long a session can have them.
        pub(crate) keys: words::TicketKeys = TLSSessionTicketKeys "[age seconds] [count number]" in SERVER,
            inherits: replace, default: "age 12h count 25", parse: words::ticket_keys;
    }
}

impl Settings {
    /// The server's name and port, as TLSPassPhraseProvider's program gets them.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.name.as_deref().unwrap_or_default(), self.port.as_deref().unwrap_or("21"))
    }

    /// The target of TLSLog.
    pub(crate) fn log_target(&self) -> Option<LogTarget> {
        let follow_link = self.follow_links.unwrap_or_default();
        self.log.clone().map(|path| LogTarget::File { path, follow_link })
    }
}
