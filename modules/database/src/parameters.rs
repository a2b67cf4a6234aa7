//! SQLConnectInfo's parameters for servers: `ssl-*` and `pool-*`.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use gantry_api::service::SqlConnect;
use gantry_sys::as_daemon;
use gantry_sys::users::own_name;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::DatabaseError;

/// The parameters of one database.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// TLS to the server.
    pub tls: Tls,
    /// The most connections at a time: `pool-size`.
    pub size: usize,
    /// How long a statement may take, including the wait for a connection: `pool-timeout`.
    pub timeout: Duration,
    /// How long an unused connection stays open.
    pub idle: Duration,
    /// What the administrator should know of them.
    pub notices: Vec<String>,
}

const SIZE: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(300);

/// TLS to a database, with the contents of the files.
#[derive(Clone, Default)]
pub struct Tls {
    /// What is asked of the server; `None` where nothing in the configuration says so.
    pub mode: Option<Mode>,
    /// The authorities that sign the server's certificate, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// The client's certificates and key, in PEM.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

/// Without the key.
impl std::fmt::Debug for Tls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tls").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// What is asked of a server, in PostgreSQL's and MySQL's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// No TLS.
    Disabled,
    /// TLS if the server has it, without a look at its certificate.
    Preferred,
    /// TLS, without a look at the certificate.
    Required,
    /// TLS with a certificate from one of the authorities, whatever name it has.
    VerifyCa,
    /// TLS with a certificate from one of the authorities for the server's name.
    VerifyIdentity,
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Ok(match word.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" => Self::Disabled,
            "prefer" | "preferred" => Self::Preferred,
            "require" | "required" => Self::Required,
            "verify-ca" => Self::VerifyCa,
            "verify-full" | "verify-identity" => Self::VerifyIdentity,
            _ => return Err(()),
        })
    }
}

impl Parameters {
    /// Reads the parameters, and the files that they name.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(connect: &SqlConnect) -> Result<Self, DatabaseError> {
        let mut found = Self {
            tls: Tls::default(),
            size: SIZE,
            timeout: TIMEOUT,
            idle: connect.idle.unwrap_or(IDLE),
            notices: Vec::new(),
        };
        let (mut verifies, mut certificate, mut key) = (None, None, None);
        for (name, value) in &connect.parameters {
            let fault = |what: &str| DatabaseError::Configuration(format!("{name}:{value}: {what}"));
            let number = |least: u64, most: u64| {
                let number = value.parse().ok().filter(|number| (least..=most).contains(number));
                number.ok_or_else(|| fault(&format!("expected a number from {least} to {most}")))
            };
            match name.as_str() {
                "ssl-ca" => found.tls.authorities = Some(certificates(name, value)?),
                "ssl-cert" => certificate = Some(certificates(name, value)?),
                "ssl-key" => key = Some(private_key(name, value)?),
                "ssl-mode" => {
                    let expected = "expected disabled, preferred, required, verify-ca or verify-identity";
                    found.tls.mode = Some(value.parse().map_err(|()| fault(expected))?);
                }
                "ssl-verify-server-cert" => {
                    verifies = Some(gantry_api::parse::switch(value).ok_or_else(|| fault("expected on or off"))?);
                }
                "ssl-ciphers" => found.notices.push(
                    "ssl-ciphers has no effect: connections to databases use the safe ciphers of TLS 1.2 and 1.3"
                        .to_owned(),
                ),
                "pool-size" => found.size = usize::try_from(number(1, 1000)?).unwrap_or(SIZE),
                "pool-timeout" => found.timeout = Duration::from_secs(number(1, 3600)?),
                _ => return Err(fault("unknown parameter")),
            }
        }
        found.tls.client = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(_), None) => return Err(DatabaseError::Configuration("ssl-cert needs ssl-key".to_owned())),
            (None, Some(_)) => return Err(DatabaseError::Configuration("ssl-key needs ssl-cert".to_owned())),
        };
        found.tls.settle(verifies)?;
        if found.tls.authorities.is_some() && !found.tls.verifies() {
            let text = "ssl-ca is not used: neither ssl-mode nor ssl-verify-server-cert asks for the check";
            found.notices.push(text.to_owned());
        }
        Ok(found)
    }
}

impl Tls {
    /// Whether the server's certificate is checked.
    pub fn verifies(&self) -> bool {
        matches!(self.mode, Some(Mode::VerifyCa | Mode::VerifyIdentity))
    }

    /// Finds the mode that the parameters mean together.
    fn settle(&mut self, verifies: Option<bool>) -> Result<(), DatabaseError> {
        let has_authorities = self.authorities.is_some();
        self.mode = self.mode.or(match (verifies, has_authorities) {
            (Some(true), _) | (None, true) => Some(Mode::VerifyIdentity),
            (Some(false), true) => Some(Mode::VerifyCa),
            (Some(false), false) => Some(Mode::Required),
            (None, false) => self.client.is_some().then_some(Mode::Required),
        });
        match self.verifies() && !has_authorities {
            true => Err(DatabaseError::Configuration(
                "a check of the server's certificate needs ssl-ca, the authorities that may sign it".to_owned(),
            )),
            false => Ok(()),
        }
    }
}

/// The bytes of a file with certificates in PEM.
fn certificates(name: &str, path: &str) -> Result<Vec<u8>, DatabaseError> {
    let bytes = read(name, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(bytes),
        _ => Err(DatabaseError::Configuration(format!("{name}: there is no certificate in PEM in {path}"))),
    }
}

/// The bytes of a file with a private key in PEM.
fn private_key(name: &str, path: &str) -> Result<Vec<u8>, DatabaseError> {
    let bytes = read(name, path)?;
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(DatabaseError::Configuration(format!("{name}: there is no unencrypted key in PEM in {path}"))),
    }
}

/// More than any bundle of certificates has.
const MOST: u64 = 16 << 20;

fn read(name: &str, path: &str) -> Result<Vec<u8>, DatabaseError> {
    if !Path::new(path).is_absolute() {
        return Err(DatabaseError::Configuration(format!("{name}: '{path}' is not a full path")));
    }
    let bytes = as_daemon(|| {
        let mut bytes = Vec::new();
        File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    bytes.map_err(|error| {
        DatabaseError::Configuration(format!("{name}: unable to read {path} as user {}: {error}", own_name()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameters: &[&str]) -> Result<Parameters, String> {
        let split =
            |word: &&str| word.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
        let parameters = parameters.iter().map(split).collect();
        Parameters::read(&SqlConnect { parameters, ..SqlConnect::default() }).map_err(|error| error.to_string())
    }

    #[test]
    fn parameters_are_read_and_wrong_ones_named() {
        let plain = read(&[]).unwrap();
        assert_eq!((plain.size, plain.timeout, plain.tls.mode), (SIZE, TIMEOUT, None));
        let found = read(&["pool-size:3", "pool-timeout:5", "ssl-mode:VERIFY_CA"]);
        assert!(found.unwrap_err().contains("needs ssl-ca"));
        let found = read(&["pool-size:3", "pool-timeout:5", "ssl-mode:require", "ssl-ciphers:DEFAULT"]).unwrap();
        assert_eq!((found.size, found.timeout, found.tls.mode), (3, Duration::from_secs(5), Some(Mode::Required)));
        assert_eq!(found.notices.len(), 1);
        assert_eq!(read(&["ssl-verify-server-cert:off"]).unwrap().tls.mode, Some(Mode::Required));
        for (wrong, wanted) in [
            ("pool-size:0", "pool-size:0: expected a number from 1 to 1000"),
            ("pool-size:x", "pool-size:x: expected a number from 1 to 1000"),
            ("ssl-mode:on", "ssl-mode:on: expected disabled, preferred"),
            ("ssl-capath:/x", "ssl-capath:/x: unknown parameter"),
            ("ssl-ca:x", "ssl-ca: 'x' is not a full path"),
            ("ssl-ca:/nonexistent/ca", "ssl-ca: unable to read /nonexistent/ca as user "),
            ("ssl-key:/dev/null", "ssl-key: there is no unencrypted key in PEM in /dev/null"),
        ] {
            let error = read(&[wrong]).unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
