//! A self-signed certificate, to try TLS with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};

/// How long it is valid, in days.
const DAYS: i64 = 365;

/// The files that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key, of mode 0600.
    pub key: PathBuf,
}

/// Writes `NAME.crt` and `NAME.key` to a folder, for a server of these names and addresses.
/// Files that exist are never replaced.
///
/// # Errors
/// What is wrong with a name, or why a file cannot be written.
pub fn make(folder: &Path, names: &[String]) -> Result<CertificateFiles, String> {
    let first = names.first().ok_or("a name is needed")?;
    if first.contains('/') {
        return Err(format!("'{first}' is not a valid server name"));
    }
    let made =
        CertificateFiles { certificate: folder.join(format!("{first}.crt")), key: folder.join(format!("{first}.key")) };
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let certificate = params(first, names)?.self_signed(&key).map_err(|error| error.to_string())?;
    write(&made.key, &key.serialize_pem(), 0o600)?;
    write(&made.certificate, &certificate.pem(), 0o644).inspect_err(|_| {
        let _ = fs::remove_file(&made.key);
    })?;
    Ok(made)
}

fn params(first: &str, names: &[String]) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, first);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let day = |offset: i64| {
        let time = Timestamp::now().checked_add(SignedDuration::from_hours(offset.saturating_mul(24)));
        let date = TimeZone::UTC.to_datetime(time.unwrap_or_default()).date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    // From yesterday on: clocks differ.
    (params.not_before, params.not_after) = (day(-1), day(DAYS));
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => {
                let fault = |_| format!("'{name}' is not a valid server name");
                SanType::DnsName(name.as_str().try_into().map_err(fault)?)
            }
        });
    }
    Ok(params)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_certificate_is_made_once_with_a_key_that_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = make(folder.path(), &names).unwrap();
        assert_eq!(fs::metadata(&made.key).unwrap().permissions().mode() & 0o777, 0o600);
        let shown = crate::read(&made.certificate).unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].names, ["localhost", "127.0.0.1"]);
        assert!(shown[0].is_self_issued() && shown[0].days_left.is_some_and(|days| days > 360));
        assert!(crate::belongs(&made.key, &made.certificate).unwrap());
        assert!(make(folder.path(), &names).unwrap_err().contains("localhost.key"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for bad in [&[][..], &["../x".to_owned()], &["ä".to_owned()]] {
            assert!(make(folder.path(), bad).is_err(), "{bad:?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
