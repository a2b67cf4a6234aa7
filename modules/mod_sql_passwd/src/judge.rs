//! The service that mod_sql asks: finds salts and parameters, and has the hash computed.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_api::prelude::*;
use gantry_api::service::{SqlPasswords, SqlRows, SqlSecret, SqlValue, Verdict};
use gantry_api::{ServerId, log};
use gantry_secrets::{Digest, Hashing, OldSchemes};
use tokio::sync::Mutex;

use crate::directives::MOST_ITERATIONS;
use crate::recipe::{self, Kind, Recipe};
use crate::salt_file;
use crate::settings::{Pbkdf2, SaltEncoding, Settings, Side};

/// Judges passwords of all servers.
pub(crate) struct Judge {
    servers: HashMap<ServerId, Server>,
    hashing: Hashing,
    /// Held by hashes that take much memory: one at a time.
    large: Arc<Mutex<()>>,
    old: OldSchemes,
}

/// One judge, published under several names.
pub(crate) struct Shared(pub Arc<Judge>);

/// A server's part of the configuration.
pub(crate) struct Server {
    settings: Settings,
    /// The salt of SQLPasswordSaltFile, decoded.
    salt: Option<(Vec<u8>, Side)>,
}

impl Server {
    /// Reads the salt file.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        let mut salt = None;
        if let Some(file) = &settings.salt_file {
            let bytes = salt_file::read(&file.path)?;
            let what = || format!("salt file {}: its contents are not in SQLPasswordSaltEncoding", file.path.display());
            salt = Some((decoded(bytes, settings.salt_encoding).ok_or_else(what)?, file.side));
        }
        Ok(Self { settings: settings.clone(), salt })
    }

    /// The named queries that a kind needs: for the salt, then for PBKDF2's parameters.
    fn queries(&self, kind: Kind) -> [Option<&str>; 2] {
        let salt = self.settings.user_salt.as_ref().and_then(|salt| salt.query.as_deref());
        let parameters = self.settings.pbkdf2.as_ref().and_then(Pbkdf2::query);
        [salt.filter(|_| kind.has_salts()), parameters.filter(|_| kind == Kind::Pbkdf2)]
    }

    /// The recipe for a user. None if the database has no salt or parameters for it.
    fn recipe(&self, kind: Kind, secret: &SqlSecret) -> Result<Option<Recipe>, String> {
        let settings = &self.settings;
        let [salt_query, parameters_query] = self.queries(kind);
        let mut found = secret.found.iter();
        let mut rows_of = |query: Option<&str>| query.and_then(|_| found.next());
        let (salt_rows, parameter_rows) = (rows_of(salt_query), rows_of(parameters_query));
        let (mut prefix, mut suffix) = (None, None);
        let mut put = |salt, side| match side {
            Side::Prepend => prefix = Some(salt),
            Side::Append => suffix = Some(salt),
        };
        if kind.has_salts() {
            if let Some((salt, side)) = &self.salt {
                put(salt.clone(), *side);
            }
            if let Some(user_salt) = &settings.user_salt {
                let salt = match (&user_salt.query, salt_rows) {
                    (None, _) => secret.user.clone().into_bytes(),
                    (Some(query), rows) => {
                        let Some([value]) = row::<1>(query, rows)? else { return Ok(None) };
                        let Some(salt) = bytes(value) else { return Ok(None) };
                        let what = || format!("the salt that '{query}' returns is not in SQLPasswordSaltEncoding");
                        decoded(salt, settings.salt_encoding).ok_or_else(what)?
                    }
                };
                put(salt, user_salt.side);
            }
        }
        let pbkdf2 = match (&settings.pbkdf2, kind) {
            (Some(Pbkdf2::Fixed(digest, iterations, length)), Kind::Pbkdf2) => {
                Digest::named(digest).map(|digest| (digest, *iterations, *length))
            }
            (Some(Pbkdf2::Query(query)), Kind::Pbkdf2) => match row::<3>(query, parameter_rows)? {
                Some(values) => Some(parameters(values).ok_or_else(|| {
                    format!("'{query}' does not return a digest, a number of iterations and a length")
                })?),
                None => return Ok(None),
            },
            _ => None,
        };
        Ok(Some(Recipe {
            kind,
            encoding: settings.encoding,
            options: settings.options.clone(),
            rounds: settings.rounds,
            prefix,
            suffix,
            pbkdf2,
            scrypt: settings.scrypt,
            argon2: settings.argon2,
            cost: settings.cost,
        }))
    }
}

impl Judge {
    /// For these servers.
    pub(crate) fn new(servers: HashMap<ServerId, Server>) -> Self {
        Self { servers, hashing: Hashing::default(), large: Arc::default(), old: OldSchemes::default() }
    }
}

#[async_trait]
impl SqlPasswords for Shared {
    async fn queries(&self, server: ServerId, auth_type: &str) -> Result<Vec<String>> {
        let (Some(server), Some(kind)) = (self.0.servers.get(&server), Kind::named(auth_type)) else {
            return Ok(Vec::new());
        };
        if !server.settings.engine {
            log!(Warn, "SQLPasswordEngine is off: nobody logs in by the type {auth_type} of SQLAuthTypes");
            return Ok(Vec::new());
        }
        Ok(server.queries(kind).into_iter().flatten().map(str::to_owned).collect())
    }

    async fn verify(&self, secret: &SqlSecret, password: &[u8]) -> Result<Verdict> {
        let (Some(server), Some(kind)) = (self.0.servers.get(&secret.server), Kind::named(&secret.auth_type)) else {
            return Ok(Verdict::Unknown);
        };
        if !server.settings.engine {
            return Ok(Verdict::Unknown);
        }
        let fault = |error: String| Error::system(format!("SQLAuthTypes {}: {error}", secret.auth_type));
        let Some(recipe) = server.recipe(kind, secret).map_err(fault)? else {
            log!(Debug, "the database has no salt or no parameters for user '{}'", secret.user.escape_debug());
            return Ok(Verdict::Rejected);
        };
        let (stored, password) = (secret.stored.clone(), password.to_vec());
        let large = match recipe.memory(&stored) {
            0..LARGE => None,
            _ => Some(self.0.large.clone().lock_owned().await),
        };
        let work = move || {
            // The work holds it, because it continues even if the session ends.
            let _large = large;
            recipe.verify(&stored, &password)
        };
        let fits = self.0.hashing.run(work).await?.map_err(fault)?;
        if fits && let Some(scheme) = kind.old() {
            self.0.old.used(scheme);
        }
        Ok(if fits { Verdict::Accepted } else { Verdict::Rejected })
    }
}

/// As much memory as not every processor should take at the same time, in KiB.
const LARGE: u32 = 128 * 1024;

/// The only row of a query, with this many columns; none if there is no row.
fn row<'r, const N: usize>(query: &str, rows: Option<&'r SqlRows>) -> Result<Option<&'r [SqlValue; N]>, String> {
    let rows = rows.map(|rows| rows.rows.as_slice()).unwrap_or_default();
    match rows {
        [] => Ok(None),
        [row] => {
            let fault = || format!("'{query}' returns {} columns instead of {N}", row.len());
            row.as_slice().try_into().map(Some).map_err(|_| fault())
        }
        rows => Err(format!("'{query}' returns {} rows for one user", rows.len())),
    }
}

fn bytes(value: &SqlValue) -> Option<Vec<u8>> {
    match value {
        SqlValue::Bytes(bytes) => Some(bytes.clone()),
        other => other.clone().into_text().map(String::into_bytes),
    }
}

/// A digest, a number of iterations, a length.
fn parameters(values: &[SqlValue; 3]) -> Option<(Digest, u32, usize)> {
    let [digest, iterations, length] = values.clone().map(SqlValue::into_text);
    let iterations = iterations?.trim().parse().ok().filter(|count| (1..=MOST_ITERATIONS).contains(count))?;
    let length = length?.trim().parse().ok().filter(|length| (1..=1024).contains(length))?;
    Some((Digest::named(digest?.trim())?, iterations, length))
}

fn decoded(salt: Vec<u8>, encoding: SaltEncoding) -> Option<Vec<u8>> {
    let text = |salt: Vec<u8>| String::from_utf8(salt).ok();
    match encoding {
        SaltEncoding::None => Some(salt),
        SaltEncoding::Base64 => STANDARD.decode(text(salt)?.trim()).ok(),
        SaltEncoding::Hex => recipe::unhex(text(salt)?.trim()),
    }
}
