//! Certificates for a test's server, and a client over TLS (rustls's), which uses each ticket of
//! TLSv1.3 once.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RevokedCertParams, RsaKeySize,
    SanType, date_time_ymd,
};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConnection, HandshakeKind, RootCertStore, StreamOwned, SupportedProtocolVersion};

use crate::config::Config;
use crate::wire::{Answer, patient};

/// The kind of a certificate's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// RSA, 2048 bits.
    Rsa,
    /// P-256.
    Ec,
}

/// An authority for tests, in a folder, with the certificates that it signs.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The certificate's file.
    pub certificate: PathBuf,
    /// The key's file, of mode 0600.
    pub key: PathBuf,
}

impl Signed {
    /// A certificate signed by an authority, in files that begin with `file`.
    pub fn of(folder: &Path, file: &str) -> Self {
        Self { certificate: folder.join(format!("{file}.crt")), key: folder.join(format!("{file}.key")) }
    }
}

impl Authority {
    /// A new one, whose certificate is in `folder/ca.pem`.
    pub fn new(folder: &Path) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key can be made");
        let mut params = params("Tests' authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect("a certificate can be made");
        fs::write(folder.join("ca.pem"), certificate.pem()).expect("a file can be written");
        Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) }
    }

    /// Its certificate's file.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// What signs.
    pub fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// Signs a certificate for a server of these names, in files that begin with `file`.
    pub fn sign(&self, file: &str, kind: Kind, names: &[&str]) -> Signed {
        self.sign_with(file, kind, names, |_| {})
    }

    /// A list of revoked certificates, in PEM.
    pub fn revoke(&self, serials: &[u64]) -> String {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: (*serial).into(),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2990, 1, 1),
            crl_number: 1_u64.into(),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).and_then(|list| list.pem()).expect("a list can be signed")
    }

    /// Signs a certificate that `change` has changed.
    pub fn sign_with(
        &self,
        file: &str,
        kind: Kind,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Signed {
        let key = match kind {
            Kind::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
            Kind::Ec => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        };
        let key = key.expect("a key can be made");
        let mut params = params(names.first().copied().unwrap_or("nobody"));
        for name in names {
            let name = match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into().expect("a name")),
            };
            params.subject_alt_names.push(name);
        }
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate can be signed");
        let signed = Signed::of(&self.folder, file);
        write(&signed.certificate, &certificate.pem(), 0o644);
        write(&signed.key, &key.serialize_pem(), 0o600);
        signed
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Writes a file by rename, as tools that renew certificates do.
pub fn write(path: &Path, text: &str, mode: u32) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("a file can be written");
    fs::set_permissions(&new, fs::Permissions::from_mode(mode)).expect("its mode can be set");
    fs::rename(&new, path).expect("it can be renamed");
}

/// Makes a server's configuration that of a server with TLS: a certificate for
/// `localhost` and 127.0.0.1 from an authority of its own, in the server's folder.
pub fn configure(config: &mut Config) -> Authority {
    let authority = Authority::new(config.folder());
    let signed = authority.sign("server", Kind::Ec, &["localhost", "127.0.0.1"]);
    config.add("LoadModule", "mod_tls.c").add("TLSEngine", "on");
    config.add("TLSECCertificateFile", signed.certificate.display().to_string());
    config.add("TLSECCertificateKeyFile", signed.key.display().to_string());
    config.add("TLSLog", config.path("tls.log"));
    authority
}

/// What a client's connections share: the trusted authorities, and the sessions that it can resume.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Trusts the authority in a server's folder.
    pub fn of(folder: &Path) -> Self {
        Self::with(folder, &[&TLS13, &TLS12], None)
    }

    /// The same for one version.
    pub fn only(folder: &Path, version: Version) -> Self {
        Self::with(folder, version.versions(), None)
    }

    /// The same with a client certificate.
    pub fn showing(folder: &Path, signed: &Signed) -> Self {
        Self::with(folder, &[&TLS13, &TLS12], Some(signed))
    }

    /// One version, and a client certificate.
    pub fn only_showing(folder: &Path, version: Version, signed: &Signed) -> Self {
        Self::with(folder, version.versions(), Some(signed))
    }

    /// A client that verifies only RSA signatures.
    pub fn with_rsa_alone(folder: &Path) -> Self {
        let mut provider = default_provider();
        provider.cipher_suites = vec![TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
        Self::by(provider, folder, &[&TLS12], None)
    }

    fn with(folder: &Path, versions: &[&'static SupportedProtocolVersion], signed: Option<&Signed>) -> Self {
        Self::by(default_provider(), folder, versions, signed)
    }

    fn by(
        provider: CryptoProvider,
        folder: &Path,
        versions: &[&'static SupportedProtocolVersion],
        signed: Option<&Signed>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(folder.join("ca.pem")).expect("the authority's certificate");
        roots.add(certificate).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots);
        Self(Arc::new(match signed {
            None => builder.with_no_client_auth(),
            Some(signed) => {
                let chain = CertificateDer::pem_file_iter(&signed.certificate).expect("a certificate");
                let key = PrivateKeyDer::from_pem_file(&signed.key).expect("a key");
                let chain = chain.collect::<Result<_, _>>().expect("certificates");
                builder.with_client_auth_cert(chain, key).expect("a certificate and its key")
            }
        }))
    }

    /// The same, changed by `change`.
    #[must_use]
    pub fn changed(&self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        let mut config = ClientConfig::clone(&self.0);
        change(&mut config);
        Self(Arc::new(config))
    }

    /// The same, with nothing to resume.
    #[must_use]
    pub fn forgetful(&self) -> Self {
        self.changed(|config| config.resumption = Resumption::in_memory_sessions(0))
    }

    /// Puts TLS around a connection, and ends the handshake.
    ///
    /// # Errors
    /// The handshake's.
    pub fn secure(&self, stream: TcpStream, name: &str) -> io::Result<Secure> {
        let name = ServerName::try_from(name.to_owned()).expect("a server's name");
        let connection = ClientConnection::new(self.0.clone(), name).map_err(io::Error::other)?;
        let mut secure = StreamOwned::new(connection, stream);
        while secure.conn.is_handshaking() {
            secure.conn.complete_io(&mut secure.sock)?;
        }
        Ok(secure)
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// TLSv1.2.
    V1_2,
    /// TLSv1.3.
    V1_3,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V1_2, Self::V1_3];

    fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        static OLD: [&SupportedProtocolVersion; 1] = [&TLS12];
        static NEW: [&SupportedProtocolVersion; 1] = [&TLS13];
        match self {
            Self::V1_2 => &OLD,
            Self::V1_3 => &NEW,
        }
    }
}

/// A connection over TLS.
pub type Secure = StreamOwned<ClientConnection, TcpStream>;

/// Whether its handshake resumed an earlier session.
pub fn is_resumed(secure: &Secure) -> bool {
    secure.conn.handshake_kind() == Some(HandshakeKind::Resumed)
}

/// Sends close_notify.
///
/// # Errors
/// The connection's.
pub fn close(secure: &mut Secure) -> io::Result<()> {
    secure.conn.send_close_notify();
    while secure.conn.wants_write() {
        secure.conn.write_tls(&mut secure.sock)?;
    }
    Ok(())
}

enum Stream {
    Plain(TcpStream),
    Secure(Box<Secure>),
    Neither,
}

/// A control connection, protected or not.
pub struct Talk {
    stream: Stream,
    trust: Trust,
    name: String,
    address: SocketAddr,
}

impl Talk {
    /// Connects and reads the greeting, which comes in clear.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn connect(address: SocketAddr, trust: &Trust) -> Self {
        let mut talk = Self::over(Stream::Plain(stream(address)), address, trust);
        assert_eq!(talk.reply().code, 220);
        talk
    }

    /// Connects with TLS from the first byte on.
    ///
    /// # Panics
    /// When there is no greeting.
    #[track_caller]
    pub fn implicit(address: SocketAddr, trust: &Trust) -> Self {
        let secure = trust.secure(stream(address), "localhost").expect("the server speaks TLS from the first byte on");
        let mut talk = Self::over(Stream::Secure(Box::new(secure)), address, trust);
        assert_eq!(talk.reply().code, 220);
        talk
    }

    fn over(stream: Stream, address: SocketAddr, trust: &Trust) -> Self {
        Self { stream, trust: trust.clone(), name: "localhost".to_owned(), address }
    }

    /// Names another server from here on (SNI).
    pub fn call(&mut self, name: &str) -> &mut Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Trusts another authority on data connections.
    pub fn trust(&mut self, trust: &Trust) -> &mut Self {
        self.trust = trust.clone();
        self
    }

    /// Protects the control connection by AUTH TLS.
    #[track_caller]
    pub fn auth(&mut self) -> &mut Self {
        self.try_auth().expect("the server speaks TLS");
        self
    }

    /// Protects the control connection by AUTH TLS.
    ///
    /// # Errors
    /// The handshake's.
    #[track_caller]
    pub fn try_auth(&mut self) -> io::Result<()> {
        self.expect("AUTH TLS", 234);
        self.shake_hands()
    }

    /// The handshake after an AUTH.
    ///
    /// # Errors
    /// The handshake's.
    pub fn shake_hands(&mut self) -> io::Result<()> {
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Neither) else {
            panic!("protected already")
        };
        self.stream = Stream::Secure(Box::new(self.trust.secure(stream, &self.name)?));
        Ok(())
    }

    /// Logs in, with binary type.
    #[track_caller]
    pub fn login(&mut self, user: &str, password: &str) -> &mut Self {
        self.expect(format!("USER {user}"), 331);
        self.expect(format!("PASS {password}"), 230);
        self.expect("TYPE I", 200);
        self
    }

    /// Protects data connections.
    #[track_caller]
    pub fn private(&mut self) -> &mut Self {
        self.expect("PBSZ 0", 200);
        self.expect("PROT P", 200);
        self
    }

    /// Removes the protection of the control connection with CCC.
    #[track_caller]
    pub fn clear(&mut self) {
        self.expect("CCC", 200);
        let Stream::Secure(mut secure) = std::mem::replace(&mut self.stream, Stream::Neither) else {
            panic!("not protected")
        };
        close(&mut secure).expect("the server reads");
        let mut rest = Vec::new();
        secure.read_to_end(&mut rest).expect("the server's close_notify");
        assert!(rest.is_empty());
        self.stream = Stream::Plain(secure.sock);
    }

    /// The TLS of the control connection.
    ///
    /// # Panics
    /// When there is none.
    pub fn secure(&mut self) -> &mut Secure {
        let Stream::Secure(secure) = &mut self.stream else { panic!("not protected") };
        secure
    }

    /// The socket of the control connection.
    pub fn socket(&mut self) -> &mut TcpStream {
        match &mut self.stream {
            Stream::Plain(stream) => stream,
            Stream::Secure(secure) => &mut secure.sock,
            Stream::Neither => panic!("no connection"),
        }
    }

    /// Sends a line and reads the reply.
    #[track_caller]
    pub fn ask(&mut self, line: impl AsRef<str>) -> Answer {
        let line = format!("{}\r\n", line.as_ref());
        self.write(line.as_bytes()).expect("the server reads commands");
        self.reply()
    }

    /// Sends a line and reads the reply, which has to have `code`.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn expect(&mut self, line: impl AsRef<str>, code: u16) -> Answer {
        let answer = self.ask(&line);
        assert_eq!(answer.code, code, "{} was answered: {}", line.as_ref(), answer.text());
        answer
    }

    /// Sends bytes as they are, protected or not.
    ///
    /// # Errors
    /// The connection's.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Secure(secure) => secure.write_all(bytes),
            Stream::Neither => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Reads a reply.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn reply(&mut self) -> Answer {
        self.try_reply().unwrap_or_else(|error| panic!("no reply: {error}"))
    }

    /// Reads a reply.
    ///
    /// # Errors
    /// Where none comes.
    pub fn try_reply(&mut self) -> io::Result<Answer> {
        Answer::read(|| self.line())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let mut byte = [0];
            let count = match &mut self.stream {
                Stream::Plain(stream) => stream.read(&mut byte)?,
                Stream::Secure(secure) => secure.read(&mut byte)?,
                Stream::Neither => 0,
            };
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            line.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// A data connection by EPSV, not protected yet.
    #[track_caller]
    pub fn passive(&mut self) -> TcpStream {
        let port = self.expect("EPSV", 229).port();
        stream(SocketAddr::new(self.address.ip(), port))
    }

    /// Protects a data connection.
    ///
    /// # Errors
    /// The handshake's.
    pub fn protect(&self, stream: TcpStream) -> io::Result<Secure> {
        self.trust.secure(stream, &self.name)
    }

    /// Begins a transfer over a protected data connection.
    ///
    /// # Errors
    /// The handshake's.
    #[track_caller]
    pub fn begin(&mut self, command: &str) -> io::Result<Secure> {
        let stream = self.passive();
        self.expect(command, 150);
        self.protect(stream)
    }

    /// Downloads: the bytes, up to the server's close_notify.
    ///
    /// # Panics
    /// When the server does not end it in order.
    #[track_caller]
    pub fn fetch(&mut self, command: &str) -> Vec<u8> {
        let mut data = self.begin(command).expect("a data connection");
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).expect("an orderly end");
        let _ = close(&mut data);
        assert_eq!(self.reply().code, 226);
        bytes
    }

    /// Uploads, with a close_notify at the end, and reads what the server says up to its own:
    /// tickets for the next data connection.
    #[track_caller]
    pub fn give(&mut self, command: &str, bytes: &[u8]) {
        let mut data = self.begin(command).expect("a data connection");
        data.write_all(bytes).and_then(|()| close(&mut data)).expect("the server reads");
        assert_eq!(data.read_to_end(&mut Vec::new()).expect("an orderly end"), 0);
        assert_eq!(self.reply().code, 226);
    }
}

#[track_caller]
fn stream(address: SocketAddr) -> TcpStream {
    let stream = patient(address);
    stream.set_nodelay(true).expect("an option");
    stream
}
