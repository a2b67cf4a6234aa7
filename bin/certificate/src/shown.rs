//! What a file of certificates holds.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateReport {
    /// Whose it is.
    pub subject: String,
    /// Who vouches for it.
    pub issuer: String,
    /// Names and addresses of servers.
    pub names: Vec<String>,
    /// When it ends, as it says.
    pub ends: String,
    /// Whole days until then; none once it has expired.
    pub days_left: Option<u64>,
}

impl CertificateReport {
    /// Whether it vouches for itself.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// The certificates of a PEM file, in order; at least one.
///
/// # Errors
/// Why it cannot be read.
pub fn read(path: &Path) -> Result<Vec<CertificateReport>, String> {
    let shown = |der: &CertificateDer<'_>| parsed(der, path).map(|certificate| shown(&certificate));
    certificates(path)?.iter().map(shown).collect()
}

/// Whether a key belongs to the first certificate of a file.
///
/// # Errors
/// Why one of them cannot be read.
pub fn belongs(key: &Path, certificate: &Path) -> Result<bool, String> {
    let text = fs::read_to_string(key).map_err(|error| format!("{}: {error}", key.display()))?;
    let key = KeyPair::from_pem(&text).map_err(|error| format!("{}: {error}", key.display()))?;
    let certificates = certificates(certificate)?;
    let first = certificates.first().ok_or("no certificate")?;
    Ok(parsed(first, certificate)?.public_key().raw == key.subject_public_key_info())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = fs::read(path).map_err(|error| fault(&error))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let all = all.map_err(|error| fault(&error))?;
    if all.is_empty() { Err(fault(&"it contains no certificate")) } else { Ok(all) }
}

fn parsed<'a>(der: &'a CertificateDer<'_>, path: &Path) -> Result<X509Certificate<'a>, String> {
    let parsed = X509Certificate::from_der(der).map_err(|error| format!("{}: {error}", path.display()));
    parsed.map(|(_, certificate)| certificate)
}

fn shown(certificate: &X509Certificate<'_>) -> CertificateReport {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map_or_else(Vec::new, |names| names.value.general_names.iter().filter_map(name).collect());
    let ends = certificate.validity().not_after;
    let end = UNIX_EPOCH + Duration::from_secs(u64::try_from(ends.timestamp()).unwrap_or_default());
    let days_left = end.duration_since(SystemTime::now()).ok().map(|left| left.as_secs() / 86_400);
    CertificateReport {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names,
        ends: ends.to_string(),
        days_left,
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => None,
        },
        _ => None,
    }
}
