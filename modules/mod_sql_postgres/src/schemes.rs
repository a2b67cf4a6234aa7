//! PostgreSQL's own schemes for passwords, as in pg_authid: SCRAM-SHA-256 (RFC 5802, RFC 7677) and
//! md5. They are computed here, so that the password is not part of a statement.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_secrets::{Digest, is_equal};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether the user's password has this hash; `None` if the text is no hash of these schemes.
pub(crate) fn verify(user: &str, stored: &str, password: &[u8]) -> Option<bool> {
    if let Some(rest) = stored.strip_prefix("SCRAM-SHA-256$") {
        return scram(rest, password);
    }
    let hex = stored.strip_prefix("md5").filter(|hex| hex.len() == 32)?;
    let given: String = Digest::Md5.of(&[password, user.as_bytes()]).iter().map(|byte| format!("{byte:02x}")).collect();
    Some(is_equal(hex.to_ascii_lowercase().as_bytes(), given.as_bytes()))
}

/// `ITERATIONS:SALT$STOREDKEY:SERVERKEY`.
fn scram(rest: &str, password: &[u8]) -> Option<bool> {
    let (head, keys) = rest.split_once('$')?;
    let (iterations, salt) = head.split_once(':')?;
    let (stored_key, _) = keys.split_once(':')?;
    let iterations: u32 = iterations.parse().ok().filter(|count| (1..=MOST).contains(count))?;
    let (salt, stored_key) = (STANDARD.decode(salt).ok()?, STANDARD.decode(stored_key).ok()?);
    let prepared = prepared(password);
    let mut salted = [0_u8; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(&prepared, &salt, iterations, &mut salted);
    let mut mac = Hmac::<Sha256>::new_from_slice(&salted).ok()?;
    mac.update(b"Client Key");
    let client_key = mac.finalize().into_bytes();
    Some(is_equal(&stored_key, &Digest::Sha256.of(&[&client_key])))
}

/// More rounds than anybody waits for.
const MOST: u32 = 10_000_000;

/// The password after SASLprep; as it is if SASLprep refuses it, as PostgreSQL does.
fn prepared(password: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(password).ok();
    let prepared = text.and_then(|text| stringprep::saslprep(text).ok());
    prepared.map_or_else(|| password.to_vec(), |prepared| prepared.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_the_server_are_verified() {
        // From pg_authid.
        let md5 = "md5c59ec932d911ffdf487595b5a2adf973";
        let scram = "SCRAM-SHA-256$4096:JY0kv4e4nQXtl7engtwHxQ==$l2YtFfAksYYya7mMOOEdxf5AVy1HL0aB1R/IIBETQvw=\
                     :6/vziKDvdwChys0STDS5oWLlgInyVzIxOp591G4w0l4=";
        for (user, stored, password, wanted) in [
            ("joe", md5, "secret", Some(true)),
            ("joe", md5, "Secret", Some(false)),
            ("ann", md5, "secret", Some(false)),
            ("ann", scram, "s\u{e9}cret", Some(true)),
            ("ann", scram, "se\u{301}cret", Some(true)),
            ("ann", scram, "secret", Some(false)),
            ("joe", "md5XX", "secret", None),
            ("joe", "secret", "secret", None),
            ("joe", "SCRAM-SHA-256$0:AAAA$AAAA:AAAA", "secret", None),
            ("joe", "SCRAM-SHA-256$4096", "secret", None),
        ] {
            assert_eq!(verify(user, stored, password.as_bytes()), wanted, "{stored}");
        }
    }
}
