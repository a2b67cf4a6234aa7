//! TLS to the directory: the `ssl-` parameters of LDAPServer, for rustls.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use gantry_sys::as_daemon;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedCipherSuite};

use crate::values::Parameters;

/// More than any bundle of certificates has.
const MOST: u64 = 16 << 20;

/// The configuration of connections; the error names the file or the parameter that cannot be used.
pub(crate) fn config(parameters: &Parameters) -> Result<Arc<ClientConfig>, String> {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(list) = &parameters.ciphers {
        provider.cipher_suites = suites(list, &provider)?;
    }
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| format!("ssl-ciphers: {error}"))?;
    let builder = builder.with_root_certificates(roots(parameters)?);
    let mut config = match (&parameters.cert, &parameters.key) {
        (Some(cert), Some(key)) => {
            let own = certificates("ssl-cert", cert)?;
            let bytes = read("ssl-key", key)?;
            let key = PrivateKeyDer::from_pem_slice(&bytes)
                .map_err(|error| format!("ssl-key: {}: {error}", key.display()))?;
            builder.with_client_auth_cert(own, key).map_err(|error| format!("ssl-cert: {error}"))?
        }
        _ => builder.with_no_client_auth(),
    };
    if !parameters.verify {
        config.dangerous().set_certificate_verifier(Arc::new(Anybody(algorithms)));
    }
    Ok(Arc::new(config))
}

/// Whose signatures are trusted.
fn roots(parameters: &Parameters) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match &parameters.ca {
        Some(path) => {
            for certificate in certificates("ssl-ca", path)? {
                roots.add(certificate).map_err(|error| format!("ssl-ca: {}: {error}", path.display()))?;
            }
        }
        // A certificate that rustls cannot read is nobody's that signs directories.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    Ok(roots)
}

fn certificates(name: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(name, path)?).collect();
    let found = found.map_err(|error| format!("{name}: {}: {error}", path.display()))?;
    match found.is_empty() {
        true => Err(format!("{name}: no certificate is in {}", path.display())),
        false => Ok(found),
    }
}

fn read(name: &str, path: &Path) -> Result<Vec<u8>, String> {
    let read = as_daemon(|| {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    read.map_err(|error| {
        let why = error.to_string();
        format!("{name}: unable to read {}: {}", path.display(), why.split(" (os error").next().unwrap_or_default())
    })
}

/// The suites of a list of OpenSSL's, as far as rustls has them. TLSv1.3's are not concerned unless they are named, as
/// with OpenSSL.
fn suites(list: &str, provider: &CryptoProvider) -> Result<Vec<SupportedCipherSuite>, String> {
    let is_v1_3 = |suite: &&SupportedCipherSuite| matches!(suite, SupportedCipherSuite::Tls13(_));
    let mut chosen: Vec<SupportedCipherSuite> = Vec::new();
    let mut forbidden: Vec<SupportedCipherSuite> = Vec::new();
    for item in list.split([':', ',', ' ', ';']).filter(|item| !item.is_empty() && !item.starts_with('@')) {
        let (act, words) = match item.split_at_checked(1) {
            Some((act @ ("!" | "-" | "+"), words)) => (act, words),
            _ => ("", item),
        };
        let meant = provider.cipher_suites.iter().filter(|suite| words.split('+').all(|word| is_meant(suite, word)));
        let meant: Vec<SupportedCipherSuite> = meant.copied().collect();
        match act {
            "!" => forbidden.extend(meant),
            "-" => chosen.retain(|suite| !meant.contains(suite)),
            "+" => {}
            _ => chosen.extend(meant),
        }
    }
    if chosen.is_empty() {
        return Err(format!("ssl-ciphers: no cipher of '{list}' is one that Gantry has; write ssl-ciphers:HIGH"));
    }
    if !chosen.iter().any(|suite| is_v1_3(&suite)) {
        chosen.extend(provider.cipher_suites.iter().filter(is_v1_3));
    }
    chosen.retain(|suite| !forbidden.contains(suite));
    match chosen.is_empty() {
        true => Err(format!("ssl-ciphers: '{list}' forbids all that Gantry has")),
        false => Ok(chosen),
    }
}

/// Whether one of OpenSSL's words means a suite.
fn is_meant(suite: &SupportedCipherSuite, word: &str) -> bool {
    // TLS13_AES_256_GCM_SHA384, or TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384.
    let name = format!("{:?}", suite.suite());
    if let Some(rest) = name.strip_prefix("TLS13_") {
        return word == name || word.strip_prefix("TLS_") == Some(rest);
    }
    let short = name.trim_start_matches("TLS_").replace("_WITH_", "_");
    let openssl = short.replace("AES_", "AES").replace('_', "-").replace("-POLY1305-SHA256", "-POLY1305");
    let has = |part: &str| short.split('_').any(|found| found == part);
    match word.to_ascii_uppercase().as_str() {
        "ALL" | "DEFAULT" | "HIGH" | "TLSV1.2" | "ECDHE" | "EECDH" | "KECDHE" | "KEECDH" => true,
        "ARSA" => has("RSA"),
        "AECDSA" | "ECDSA" => has("ECDSA"),
        "AES" => has("AES"),
        "AESGCM" => has("GCM"),
        "AES128" => has("AES") && has("128"),
        "AES256" => has("AES") && has("256"),
        "CHACHA20" => has("CHACHA20"),
        word => word == openssl || word == name,
    }
}

/// `ssl-verify:off`: takes every certificate, but still only from the one that has its key.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_openssl_are_read() {
        let provider = aws_lc_rs::default_provider();
        let names = |list: &str| -> Vec<String> {
            let found = suites(list, &provider).unwrap_or_else(|error| panic!("{error}"));
            found.iter().map(|suite| format!("{:?}", suite.suite())).filter(|name| !name.starts_with("TLS13")).collect()
        };
        assert_eq!(names("DEFAULT:!EXPORT:!DES").len(), 6);
        assert_eq!(names("ECDHE-RSA-AES256-GCM-SHA384"), ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]);
        assert_eq!(names("ECDHE-RSA-CHACHA20-POLY1305").len(), 1);
        assert_eq!(names("HIGH:!aRSA:!CHACHA20").len(), 2);
        assert_eq!(names("aRSA+AES256").len(), 1);
        assert!(suites("RC4-SHA", &provider).is_err());
        assert!(suites("TLS_AES_256_GCM_SHA384:!TLS_AES_256_GCM_SHA384", &provider).is_err());
    }
}
