//! The files in directives: read as root if necessary, and checked with the configuration, so that
//! an error is reported with its line.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::SystemTime;

use gantry_api::{ParseError, Value, parse};
use gantry_sys::as_daemon;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

use crate::facts::{self, Facts};

/// A size limit in bytes, larger than any bundle of certificates.
const MOST: u64 = 16 << 20;
/// The permission bits for others.
const OTHERS: u32 = 0o007;

/// A file's bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let read = as_daemon(|| {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    read.map_err(|error| format!("unable to read {}: {error}", path.display()))
}

/// Identifies a version of a file: its inode, time of modification and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64, i64, i64, u64);

/// The file's present version.
pub(crate) fn stamp(path: &Path) -> Option<Stamp> {
    let about = as_daemon(|| fs::metadata(path)).ok()?;
    Some(Stamp(about.ino(), about.mtime(), about.mtime_nsec(), about.size()))
}

/// The certificates in a PEM file; at least one.
pub(crate) fn certificates_of(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    certificates_in(&read(path)?, path)
}

/// The revocation lists in a PEM file; at least one.
pub(crate) fn revocations_of(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    items(&read(path)?, path, "revocation list", "X509 CRL")
}

fn certificates_in(bytes: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    items(bytes, path, "certificate", "CERTIFICATE")
}

/// All items with this PEM label.
fn items<T: PemObject>(bytes: &[u8], path: &Path, kind: &str, label: &str) -> Result<Vec<T>, String> {
    let found: Result<Vec<T>, _> = T::pem_slice_iter(bytes).collect();
    let found = found.map_err(|error| format!("{}: {error}", path.display()))?;
    match found.is_empty() {
        true => Err(format!("no {kind} is in {} (a PEM file has -----BEGIN {label}-----)", path.display())),
        false => Ok(found),
    }
}

/// Refuses a file with a secret that others may read or change.
pub(crate) fn check_private(path: &Path) -> Result<(), String> {
    let about =
        as_daemon(|| fs::metadata(path)).map_err(|error| format!("unable to read {}: {error}", path.display()))?;
    match about.permissions().mode() & OTHERS {
        0 => Ok(()),
        _ => Err(format!(
            "everybody may read {}, which contains a private key; run: chmod 0600 {}",
            path.display(),
            path.display()
        )),
    }
}

/// Parses TLSRSACertificateFile and the like: a certificate that is valid now, and perhaps its key.
pub(crate) fn certificate(words: &[&str]) -> Result<Value, ParseError> {
    let path = absolute(words)?;
    let bytes = read(path)?;
    if let Some(first) = certificates_in(&bytes, path)?.first() {
        Facts::of(first)
            .and_then(|facts| facts.check(SystemTime::now()))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if facts::has_key(&bytes) {
        check_private(path)?;
    }
    parse::word(words)
}

/// Parses TLSRSACertificateKeyFile and the like.
pub(crate) fn key(words: &[&str]) -> Result<Value, ParseError> {
    let path = absolute(words)?;
    let bytes = read(path)?;
    check_private(path)?;
    match facts::has_key(&bytes) {
        true => parse::word(words),
        false => {
            Err(format!("no private key is in {} (a PEM file has -----BEGIN PRIVATE KEY-----)", path.display()).into())
        }
    }
}

/// Parses TLSPKCS12File.
pub(crate) fn private(words: &[&str]) -> Result<Value, ParseError> {
    let path = absolute(words)?;
    read(path)?;
    check_private(path)?;
    parse::word(words)
}

/// Parses a file with certificates of authorities.
pub(crate) fn certificates(words: &[&str]) -> Result<Value, ParseError> {
    certificates_of(absolute(words)?)?;
    parse::word(words)
}

/// Parses a file with revocation lists.
pub(crate) fn revocations(words: &[&str]) -> Result<Value, ParseError> {
    revocations_of(absolute(words)?)?;
    parse::word(words)
}

/// Parses a folder.
pub(crate) fn folder(words: &[&str]) -> Result<Value, ParseError> {
    let path = absolute(words)?;
    match as_daemon(|| fs::metadata(path)) {
        Ok(about) if about.is_dir() => parse::word(words),
        Ok(_) => Err(format!("{} is not a directory", path.display()).into()),
        Err(error) => Err(format!("unable to use {}: {error}", path.display()).into()),
    }
}

/// Parses a program.
pub(crate) fn program(words: &[&str]) -> Result<Value, ParseError> {
    let path = absolute(words)?;
    match as_daemon(|| fs::metadata(path)) {
        Ok(about) if about.is_file() && about.permissions().mode() & 0o111 != 0 => parse::word(words),
        Ok(_) => Err(format!("{} is not a program", path.display()).into()),
        Err(error) => Err(format!("unable to use {}: {error}", path.display()).into()),
    }
}

fn absolute<'a>(words: &[&'a str]) -> Result<&'a Path, ParseError> {
    let word = parse::one(words)?;
    match word.starts_with('/') {
        true => Ok(Path::new(word)),
        false => Err(format!("'{word}' must be an absolute path").into()),
    }
}
