//! `userPassword` (RFC 2307, and OpenLDAP's schemes): compares passwords where LDAPAuthBinds is off.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use gantry_api::{Result, log};
use gantry_secrets::{Digest, Hashing, is_equal};

use crate::values::DefaultScheme;

/// With or without padding, as other programs write it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Whether one of the values is of this password. An empty password is nobody's.
pub(crate) async fn fit(
    hashing: &Hashing,
    values: Vec<Vec<u8>>,
    default: DefaultScheme,
    password: &[u8],
) -> Result<bool> {
    if password.is_empty() {
        return Ok(false);
    }
    let password = password.to_vec();
    hashing.run(move || values.iter().any(|value| fits(value, default, &password))).await
}

fn fits(value: &[u8], default: DefaultScheme, password: &[u8]) -> bool {
    let (scheme, stored) = match split(value) {
        Some((scheme, stored)) => (scheme.to_ascii_uppercase(), stored),
        None if default == DefaultScheme::Crypt => ("CRYPT".to_owned(), value),
        None => ("CLEARTEXT".to_owned(), value),
    };
    match scheme.as_str() {
        "CRYPT" => {
            std::str::from_utf8(stored).is_ok_and(|stored| gantry_sys::crypt::verify(password, stored).unwrap_or(false))
        }
        "CLEARTEXT" | "CLEAR" | "PLAIN" => !stored.is_empty() && is_equal(stored, password),
        "SHA" | "SSHA" => hashed(Digest::Sha1, stored, password),
        "SHA256" | "SSHA256" => hashed(Digest::Sha256, stored, password),
        "SHA384" | "SSHA384" => hashed(Digest::Sha384, stored, password),
        "SHA512" | "SSHA512" => hashed(Digest::Sha512, stored, password),
        "MD5" | "SMD5" => hashed(Digest::Md5, stored, password),
        other => {
            log!(
                Warn,
                "a userPassword has the scheme {{{other}}}, which only the directory can check: use LDAPAuthBinds on"
            );
            false
        }
    }
}

/// `{scheme}rest`.
fn split(value: &[u8]) -> Option<(&str, &[u8])> {
    let rest = value.strip_prefix(b"{")?;
    let end = rest.iter().position(|byte| *byte == b'}')?;
    let (scheme, stored) = rest.split_at_checked(end)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b'.');
    let scheme =
        std::str::from_utf8(scheme).ok().filter(|name| !name.is_empty() && name.bytes().all(|b| is_name(&b)))?;
    Some((scheme, stored.get(1..)?))
}

/// Whether a value in base64 is the digest of the password and the salt that follows it.
fn hashed(digest: Digest, stored: &[u8], password: &[u8]) -> bool {
    let Ok(bytes) = BASE64.decode(stored.trim_ascii()) else { return false };
    let length = digest.of(&[]).len();
    bytes.split_at_checked(length).is_some_and(|(wanted, salt)| is_equal(wanted, &digest.of(&[password, salt])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use DefaultScheme::{Clear, Crypt};

    /// What other programs make of `secret`.
    const SECRET: [&str; 5] = [
        "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
        "{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
        "{sha512}vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cmW192CF5bDufKRpayrW/isg==",
        "{CLEARTEXT}secret",
    ];

    #[test]
    fn schemes_are_known() {
        for value in SECRET {
            assert!(fits(value.as_bytes(), Crypt, b"secret"), "{value}");
            assert!(!fits(value.as_bytes(), Crypt, b"Secret"), "{value}");
        }
        for (scheme, digest) in [
            ("SSHA", Digest::Sha1),
            ("SSHA256", Digest::Sha256),
            ("SSHA384", Digest::Sha384),
            ("ssha512", Digest::Sha512),
            ("SMD5", Digest::Md5),
        ] {
            let bytes = [digest.of(&[b"secret", b"salt"]), b"salt".to_vec()].concat();
            let value = format!("{{{scheme}}}{}", BASE64.encode(bytes));
            assert!(fits(value.as_bytes(), Clear, b"secret"), "{value}");
            assert!(!fits(value.as_bytes(), Clear, b"secretsalt"), "{value}");
        }
        let hash = gantry_sys::crypt::hash(b"secret", gantry_sys::crypt::Scheme::Sha512).unwrap();
        assert!(fits(format!("{{CRYPT}}{hash}").as_bytes(), Clear, b"secret"));
        assert!(fits(hash.as_bytes(), Crypt, b"secret") && !fits(hash.as_bytes(), Clear, b"secret"));
        assert!(fits(b"secret", Clear, b"secret") && !fits(b"secret", Crypt, b"secret"));
    }

    #[test]
    fn what_is_no_hash_is_nobodys() {
        for value in ["", "*", "!", "{SSHA}", "{SSHA}AAAA", "{SHA}not base64!", "{CRYPT}*", "{CRYPT}", "{CLEARTEXT}"] {
            assert!(!fits(value.as_bytes(), Crypt, b"secret") && !fits(value.as_bytes(), Crypt, b""), "{value}");
        }
        assert!(!fits(b"{ARGON2}$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHQ$AAAA", Clear, b"secret"));
        assert!(!fits(b"{SASL}ann@EXAMPLE.COM", Clear, b"{SASL}ann@EXAMPLE.COM"));
    }

    #[tokio::test]
    async fn an_empty_password_is_nobodys() {
        let hashing = Hashing::default();
        for value in ["", "{CLEARTEXT}", "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk="] {
            assert!(!fit(&hashing, vec![value.as_bytes().to_vec()], Clear, b"").await.unwrap(), "{value}");
        }
    }
}
