//! SQLAuthTypes: checks a password against the value in the database.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_api::service::{Services, SqlPasswords, SqlRows, SqlSecret, Verdict};
use gantry_api::{Error, Result, ServerId};
use gantry_secrets::{Digest, Hashing, OldSchemes, is_equal};

use crate::link::Link;
use crate::lookup::Query;
use crate::queries::Queries;
use crate::settings::AuthType;
use crate::variables::Lookup;

/// One of SQLAuthTypes with what it needs.
pub enum Scheme {
    /// The database's own scheme.
    Backend(Link),
    /// crypt(3).
    Crypt,
    /// An empty text matches every password.
    Empty,
    /// `{digest}base64`.
    OpenSsl,
    /// The plain password.
    Plaintext,
    /// Another module's, with the queries whose rows it needs.
    Other(String, Arc<dyn SqlPasswords>, Vec<Query>),
}

/// The schemes of a server, in the order in which they are tried.
pub async fn schemes(
    server: ServerId,
    types: &[AuthType],
    services: &Services,
    link: &Link,
    queries: &Queries,
) -> Result<Vec<Scheme>> {
    let mut schemes = Vec::new();
    for kind in types {
        schemes.push(match kind {
            AuthType::Backend => Scheme::Backend(link.clone()),
            AuthType::Crypt => Scheme::Crypt,
            AuthType::Empty => Scheme::Empty,
            AuthType::OpenSsl => Scheme::OpenSsl,
            AuthType::Plaintext => Scheme::Plaintext,
            AuthType::Other(name) => {
                let unknown = || Error::configuration(format!("SQLAuthTypes: no module has the type '{name}'"));
                let judge = services.sql_passwords(name).ok_or_else(unknown)?;
                let mut needed = Vec::new();
                for query in judge.queries(server, name).await? {
                    needed.push(queries.custom(&format!("SQLAuthTypes {name}"), &query)?);
                }
                Scheme::Other(name.clone(), judge, needed)
            }
        });
    }
    Ok(schemes)
}

/// The login that a password is checked for.
#[derive(Clone, Copy)]
pub struct Login<'l> {
    /// The server.
    pub server: ServerId,
    /// The name from USER.
    pub user: &'l str,
    /// For the queries that other modules' schemes need; the user's name is `%{0}`.
    pub lookup: &'l Lookup<'l>,
}

/// Checks passwords.
#[derive(Default)]
pub struct Passwords {
    hashing: Hashing,
    old: OldSchemes,
}

impl Passwords {
    /// Whether one of the schemes accepts the password. NULL matches nothing; an empty text
    /// matches any password, but only if `Empty` is configured.
    pub async fn fit(
        &self,
        schemes: &[Scheme],
        login: Login<'_>,
        stored: Option<&str>,
        password: &[u8],
    ) -> Result<bool> {
        let Some(stored) = stored else { return Ok(false) };
        if stored.is_empty() {
            return Ok(schemes.iter().any(|scheme| matches!(scheme, Scheme::Empty)));
        }
        for scheme in schemes {
            let fits = match scheme {
                Scheme::Empty => false,
                Scheme::Plaintext => is_equal(stored.as_bytes(), password),
                Scheme::Crypt => self.crypt(stored, password).await?,
                Scheme::OpenSsl => self.digest(stored, password).await?,
                Scheme::Backend(link) => link.verify(login.user, stored, password).await? == Verdict::Accepted,
                Scheme::Other(name, judge, queries) => {
                    let mut found = Vec::new();
                    for query in queries {
                        found.push(SqlRows { rows: query.look_up(login.lookup).await?, affected: 0 });
                    }
                    let secret = SqlSecret {
                        server: login.server,
                        auth_type: name.clone(),
                        user: login.user.to_owned(),
                        stored: stored.to_owned(),
                        found,
                    };
                    judge.verify(&secret, password).await? == Verdict::Accepted
                }
            };
            if fits {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn crypt(&self, stored: &str, password: &[u8]) -> Result<bool> {
        let (hash, password) = (stored.to_owned(), password.to_vec());
        // A value that is not a crypt hash matches no password.
        let fits = self.hashing.run(move || gantry_sys::crypt::verify(&password, &hash).unwrap_or(false)).await?;
        if fits && let Some(scheme) = OldSchemes::of_crypt(stored) {
            self.old.used(scheme);
        }
        Ok(fits)
    }

    /// A value that is not `{digest}base64` matches no password.
    async fn digest(&self, stored: &str, password: &[u8]) -> Result<bool> {
        let parts = stored.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((name, hash)) = parts else { return Ok(false) };
        let (Some(digest), Ok(hash)) = (Digest::named(name), STANDARD.decode(hash.trim_end())) else {
            return Ok(false);
        };
        let password = password.to_vec();
        let fits = self.hashing.run(move || is_equal(&hash, &digest.of(&[&password]))).await?;
        if fits {
            self.old.used("digests without a salt (OpenSSL in SQLAuthTypes)");
        }
        Ok(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables;
    use Scheme::{Crypt, Empty, OpenSsl, Plaintext};

    #[tokio::test]
    async fn passwords_fit_by_their_types_alone() {
        let hash = gantry_sys::crypt::hash(b"secret", gantry_sys::crypt::Scheme::Sha512).unwrap();
        let passwords = Passwords::default();
        let request = variables::login("alice");
        let lookup = Lookup { request: &request, argument: "alice" };
        let login = Login { server: ServerId(0), user: "alice", lookup: &lookup };
        // From `printf secret | openssl dgst -binary -NAME | base64`.
        let md5 = "{md5}Xr4ilOzQ4PCOq3aQ0qbuaQ==";
        let sha = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=";
        for (schemes, stored, password, wanted) in [
            (&[Plaintext][..], Some("secret"), "secret", true),
            (&[Plaintext], Some("secret"), "secreT", false),
            (&[Plaintext], Some("secret"), "secre", false),
            (&[Plaintext], Some(&hash), &hash, true),
            (&[Crypt], Some(&hash), "secret", true),
            (&[Crypt], Some(&hash), "Secret", false),
            (&[Crypt], Some(&hash), &hash, false),
            (&[Crypt], Some("secret"), "secret", false),
            (&[Crypt, Plaintext], Some("secret"), "secret", true),
            (&[Crypt], Some("*"), "*", false),
            // From openssl passwd -1 and perl's crypt, which is DES.
            (&[Crypt], Some("$1$saltsalt$9xy1btjgzLYfb7hivXtC//"), "secret", true),
            (&[Crypt], Some("$1$saltsalt$9xy1btjgzLYfb7hivXtC//"), "secrets", false),
            (&[Crypt], Some("abNANd1rDfiNc"), "secret", true),
            (&[Crypt], Some("abNANd1rDfiNc"), "nonsense", false),
            (&[Crypt], Some("_J9..rasmz0.F/jqjWck"), "secret", true),
            (&[Crypt], Some("$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"), "secret", true),
            (&[Crypt], Some("$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"), "secre", false),
            (&[OpenSsl], Some(md5), "secret", true),
            (&[OpenSsl], Some(md5), "secre", false),
            (&[Crypt, OpenSsl], Some(sha), "secret", true),
            (&[OpenSsl], Some("{none}5en6G6MezRroT3XKqkdPOmY/BfQ="), "secret", false),
            (&[OpenSsl], Some("{SHA}"), "", false),
            (&[OpenSsl], Some("5en6G6MezRroT3XKqkdPOmY/BfQ="), "secret", false),
            (&[OpenSsl, Crypt], Some("secret"), "secret", false),
            (&[Empty], Some(""), "any", true),
            (&[Empty], Some("x"), "x", false),
            (&[Empty, Plaintext, Crypt, OpenSsl], None, "", false),
            (&[Plaintext, Crypt, OpenSsl], Some(""), "", false),
            (&[], Some("secret"), "secret", false),
        ] {
            let fits = passwords.fit(schemes, login, stored, password.as_bytes()).await.unwrap();
            assert_eq!(fits, wanted, "{stored:?} {password}");
        }
    }
}
