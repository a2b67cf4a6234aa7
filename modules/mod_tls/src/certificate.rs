//! A server's certificates and keys, from their files to what rustls sends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use crate::encrypted;
use crate::facts::Facts;
use crate::files;
use crate::phrase::Provider;
use crate::settings::Certificates;

/// The directives for a server's certificates and keys.
pub(crate) const DIRECTIVES: [&str; 5] = [
    "TLSRSACertificateFile",
    "TLSRSACertificateKeyFile",
    "TLSECCertificateFile",
    "TLSECCertificateKeyFile",
    "TLSPKCS12File",
];

/// The files of one certificate.
pub(crate) struct Source<'a> {
    /// The directive of the key, or else of the certificate.
    pub(crate) directive: &'static str,
    /// For TLSPassPhraseProvider: `RSA` or `EC`.
    kind: &'static str,
    /// The certificate's file.
    pub(crate) certificate: &'a Path,
    key: &'a Path,
}

impl Source<'_> {
    /// Checks that the key belongs to the certificates of the file, if that needs no pass phrase.
    pub(crate) fn judge(&self, certificates: Vec<CertificateDer<'static>>) -> Result<(), String> {
        if encrypted::is_encrypted(&String::from_utf8_lossy(&files::read(self.key)?)) {
            return Ok(());
        }
        let key = key(self.key, self.kind, &Provider::default())?;
        certified(certificates, key, self.certificate, self.key).map(drop)
    }
}

/// The files of a server's certificates; those with elliptic curves come first, because they cost
/// less.
pub(crate) fn sources(settings: &Certificates) -> Vec<Source<'_>> {
    let ec = ["EC", "TLSECCertificateFile", "TLSECCertificateKeyFile"];
    let rsa = ["RSA", "TLSRSACertificateFile", "TLSRSACertificateKeyFile"];
    let both = [(ec, &settings.ec, &settings.ec_key), (rsa, &settings.rsa, &settings.rsa_key)];
    let source = both.into_iter().filter_map(|([kind, own, apart], certificate, key)| {
        let certificate = certificate.as_deref()?;
        let (directive, key) = key.as_deref().map_or((own, certificate), |key| (apart, key));
        Some(Source { directive, kind, certificate, key })
    });
    source.collect()
}

/// All files that a server's certificates are read from.
pub(crate) fn paths(settings: &Certificates) -> Vec<PathBuf> {
    let all = [&settings.rsa, &settings.rsa_key, &settings.ec, &settings.ec_key, &settings.pkcs12, &settings.chain];
    all.into_iter().flatten().cloned().collect()
}

/// A server's certificates, in order of preference.
#[derive(Debug)]
pub(crate) struct Identity {
    keys: Vec<Arc<CertifiedKey>>,
    /// The data of each certificate.
    pub(crate) facts: Vec<Facts>,
}

impl Identity {
    /// Reads a server's certificates; an error names the file.
    pub(crate) fn load(settings: &Certificates, provider: &Provider) -> Result<Self, String> {
        let chain = settings.chain.as_deref().map(files::certificates_of).transpose()?.unwrap_or_default();
        let (mut keys, mut facts) = (Vec::new(), Vec::new());
        for source in sources(settings) {
            let mut certificates = files::certificates_of(source.certificate)?;
            for issuer in &chain {
                if !certificates.contains(issuer) {
                    certificates.push(issuer.clone());
                }
            }
            let key = key(source.key, source.kind, provider)?;
            facts.extend(certificates.first().map(Facts::of).transpose()?);
            keys.push(Arc::new(certified(certificates, key, source.certificate, source.key)?));
        }
        if let Some(path) = settings.pkcs12.as_deref() {
            let (certificates, key) = pkcs12(path, provider)?;
            facts.extend(certificates.first().map(Facts::of).transpose()?);
            keys.push(Arc::new(certified(certificates, key, path, path)?));
        }
        match keys.is_empty() {
            true => {
                Err("TLSEngine on needs a certificate: TLSRSACertificateFile and TLSRSACertificateKeyFile".to_owned())
            }
            false => Ok(Self { keys, facts }),
        }
    }
}

/// Chooses the certificate that a client can verify, by the signature schemes that match its
/// ciphers.
impl ResolvesServerCert for Identity {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        self.keys.iter().find(fits).cloned()
    }
}

/// The private key of a PEM file.
fn key(path: &Path, kind: &str, provider: &Provider) -> Result<PrivateKeyDer<'static>, String> {
    let bytes = files::read(path)?;
    files::check_private(path)?;
    let text = String::from_utf8_lossy(&bytes);
    if encrypted::is_encrypted(&text) {
        let decrypted = provider.phrase(kind).and_then(|phrase| encrypted::decrypt(&text, &phrase));
        return decrypted.map_err(|error| format!("the key in {}: {error}", path.display()));
    }
    PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|error| format!("no private key can be read from {}: {error}", path.display()))
}

/// The certificates and the key of a PKCS#12 file. Without a pass phrase provider the file must have none.
fn pkcs12(path: &Path, provider: &Provider) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let bytes = files::read(path)?;
    files::check_private(path)?;
    let fault = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let phrase = match provider.program {
        Some(_) => Some(provider.phrase("PKCS12").map_err(|error| fault(&error))?),
        None => None,
    };
    let store =
        KeyStore::from_pkcs12(&bytes, phrase.as_ref().map_or("", |phrase| phrase.reveal()), Pkcs12ImportPolicy::Strict);
    let store = store.map_err(|error| match provider.program {
        Some(_) => fault(&error),
        None => format!("{}: {error} (TLSPassPhraseProvider names no program for its pass phrase)", path.display()),
    })?;
    let (_, chain) = store.private_key_chain().ok_or_else(|| fault(&"it contains no private key"))?;
    let key = PrivatePkcs8KeyDer::from(chain.key().as_der().to_vec());
    let certificates = chain.certs().iter().map(|certificate| CertificateDer::from(certificate.as_der().to_vec()));
    Ok((certificates.collect(), key.into()))
}

fn certified(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    path: &Path,
    key_path: &Path,
) -> Result<CertifiedKey, String> {
    let key = any_supported_type(&key).map_err(|error| format!("{}: {error}", key_path.display()))?;
    let certified = CertifiedKey::new(certificates, key);
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(_) => {
            Err(format!("the key in {} does not belong to the certificate in {}", key_path.display(), path.display()))
        }
    }
}
