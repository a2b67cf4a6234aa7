//! The data of a certificate, without its key.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// How many days before a certificate expires the log warns.
pub(crate) const SOON: u64 = 30;

/// The data of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Its subject.
    pub(crate) subject: String,
    /// The start of its validity.
    pub(crate) begins: SystemTime,
    /// The end of its validity.
    pub(crate) ends: SystemTime,
}

impl Facts {
    /// Reads a certificate.
    pub(crate) fn of(der: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| format!("not a certificate: {error}"))?;
        let time = |seconds: i64| UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        Ok(Self {
            subject: certificate.subject().to_string(),
            begins: time(certificate.validity().not_before.timestamp()),
            ends: time(certificate.validity().not_after.timestamp()),
        })
    }

    /// The whole days that it remains valid; `None` if it has expired.
    pub(crate) fn days_left(&self, now: SystemTime) -> Option<u64> {
        self.ends.duration_since(now).ok().map(|left| left.as_secs() / 86_400)
    }

    /// Refuses a certificate that is not valid at this time.
    pub(crate) fn check(&self, now: SystemTime) -> Result<(), String> {
        let days = |duration: Duration| duration.as_secs() / 86_400;
        match (now.duration_since(self.ends), self.begins.duration_since(now)) {
            (Ok(ago), _) if !ago.is_zero() => {
                Err(format!("the certificate of {} expired {} days ago", self.subject, days(ago)))
            }
            (_, Ok(until)) if !until.is_zero() => Err(format!("the certificate of {} is not valid yet", self.subject)),
            _ => Ok(()),
        }
    }
}

/// Whether a PEM file contains a private key, encrypted or not.
pub(crate) fn has_key(pem: &[u8]) -> bool {
    String::from_utf8_lossy(pem)
        .lines()
        .any(|line| line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY-----"))
}
