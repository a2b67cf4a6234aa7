//! The words of directives that have no file of their own.

use gantry_api::parse as words_of;
use gantry_api::{ParseError, Value};
use serde::Deserialize;

/// TLSVerifyClient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verify {
    /// Clients are not asked for certificates.
    Off,
    /// Clients are asked; those without a certificate are accepted.
    Optional,
    /// Clients without a certificate are refused.
    On,
}

/// TLSSessionCache; `off` has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Cache {
    /// How long a session can be resumed, in seconds.
    pub(crate) lifetime: u64,
}

/// TLSSessionTicketKeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct TicketKeys {
    /// When a key is replaced, in seconds.
    pub(crate) age: u64,
    /// How many keys are kept.
    pub(crate) count: u64,
}

/// Parses TLSVerifyClient's word.
pub(crate) fn verify(words: &[&str]) -> Result<Value, ParseError> {
    let word = words_of::one(words)?;
    match words_of::switch(word) {
        Some(true) => Ok("on".into()),
        Some(false) => Ok("off".into()),
        None if word.eq_ignore_ascii_case("optional") => Ok("optional".into()),
        None => Err(format!("expected on, off or optional, found '{word}'").into()),
    }
}

/// Parses TLSVerifyOrder's words. `ocsp` is refused, because a check that is not made must not
/// appear to be.
pub(crate) fn order(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [word] if word.eq_ignore_ascii_case("crl") => Ok(Value::from(*word)),
        [] => Err("missing parameters".into()),
        _ if words.iter().any(|word| word.eq_ignore_ascii_case("ocsp")) => {
            Err("Gantry does not ask OCSP responders about clients. Write: TLSVerifyOrder crl, and set the lists with TLSCARevocationFile".into())
        }
        _ => Err("expected crl".into()),
    }
}

/// Parses TLSUserName's word.
pub(crate) fn user_name(words: &[&str]) -> Result<Value, ParseError> {
    let word = words_of::one(words)?;
    for name in ["CommonName", "EmailSubjAltName"] {
        if name.eq_ignore_ascii_case(word) {
            return Ok(name.into());
        }
    }
    let parts: Vec<&str> = word.split('.').collect();
    match parts.len() > 1 && parts.iter().all(|part| part.parse::<u64>().is_ok()) {
        true => Ok(Value::from(word)),
        false => Err(format!("expected CommonName, EmailSubjAltName or an object identifier, found '{word}'").into()),
    }
}

/// Parses TLSSessionCache's words.
pub(crate) fn cache(words: &[&str]) -> Result<Value, ParseError> {
    let (kind, lifetime) = match words {
        [kind] => (*kind, 1800),
        [kind, lifetime] => (*kind, words_of::whole(lifetime)?),
        _ => return Err("wrong number of parameters".into()),
    };
    if words_of::switch(kind) == Some(false) {
        return Ok(Value::None);
    }
    match kind.split_once(':') {
        Some((name, _)) if !name.is_empty() && lifetime > 0 => Ok(Value::map([("lifetime", Value::Int(lifetime))])),
        _ => Err("expected off, or type:/info and seconds, such as: internal: 1800".into()),
    }
}

/// Parses TLSSessionTicketKeys's words.
pub(crate) fn ticket_keys(words: &[&str]) -> Result<Value, ParseError> {
    let (mut age, mut count) = (12 * 60 * 60, 25);
    let pairs = words.chunks_exact(2);
    if words.is_empty() || !pairs.remainder().is_empty() {
        return Err("wrong number of parameters".into());
    }
    for pair in pairs {
        match pair {
            [name, value] if name.eq_ignore_ascii_case("age") => match words_of::seconds(&[value])? {
                Value::Int(seconds @ 60..) => age = seconds,
                _ => return Err("age must be at least 60 seconds".into()),
            },
            [name, value] if name.eq_ignore_ascii_case("count") => match words_of::whole(value)? {
                number @ 1..=10_000 => count = number,
                _ => return Err("count must be at least 1".into()),
            },
            _ => return Err("expected age and count".into()),
        }
    }
    Ok(Value::map([("age", Value::Int(age)), ("count", Value::Int(count))]))
}

/// Parses TLSStaplingOptions' words.
pub(crate) fn stapling_options(words: &[&str]) -> Result<Value, ParseError> {
    let unknown =
        words.iter().find(|word| !["NoFakeTryLater", "NoNonce"].iter().any(|name| name.eq_ignore_ascii_case(word)));
    match unknown {
        Some(word) => Err(format!("unknown TLSStaplingOption '{word}'").into()),
        None => words_of::words(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticket_keys_have_an_age_and_a_count() {
        let read = |words: &[&str]| ticket_keys(words).map(|value| value.extract::<TicketKeys>().unwrap());
        assert_eq!(read(&["age", "12h", "count", "25"]), Ok(TicketKeys { age: 43_200, count: 25 }));
        assert_eq!(read(&["count", "1"]), Ok(TicketKeys { age: 43_200, count: 1 }));
        for bad in [&[][..], &["age"], &["age", "59"], &["count", "0"], &["size", "1"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn caches_are_of_any_type() {
        let read = |words: &[&str]| cache(words).map(|value| value.extract::<Option<Cache>>().unwrap());
        assert_eq!(read(&["off"]), Ok(None));
        assert_eq!(read(&["internal:", "600"]), Ok(Some(Cache { lifetime: 600 })));
        assert_eq!(read(&["shm:/file=/var/cache"]), Ok(Some(Cache { lifetime: 1800 })));
        for bad in [&[][..], &["shm"], &["internal:", "0"], &[":", "1"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_refused_says_what_to_write() {
        assert!(order(&["ocsp", "crl"]).unwrap_err().to_string().contains("TLSVerifyOrder crl"));
        assert!(user_name(&["SubjAltName"]).is_err());
        assert!(user_name(&["1.2.x"]).is_err());
        assert!(user_name(&["1.2.3"]).is_ok());
    }
}
