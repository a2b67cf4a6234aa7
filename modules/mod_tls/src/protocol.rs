//! TLSProtocol: the versions of TLS.

use gantry_api::{ParseError, Value};
use serde::Deserialize;

/// The versions that a server offers; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Versions {
    /// TLSv1.2.
    pub(crate) v1_2: bool,
    /// TLSv1.3.
    pub(crate) v1_3: bool,
}

/// The versions that a word stands for. Old versions are known, but not supported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Old,
    V1_2,
    V1_3,
    All,
}

/// Reads TLSProtocol's words: a list, or `ALL` with additions and removals.
pub(crate) fn parse(words: &[&str]) -> Result<Value, ParseError> {
    let (mut v1_2, mut v1_3) = (false, false);
    let Some(first) = words.first() else { return Err("missing parameters".into()) };
    let is_all = first.eq_ignore_ascii_case("ALL");
    for (at, word) in words.iter().enumerate() {
        let (on, name) = match (is_all && at > 0, word.strip_prefix('+'), word.strip_prefix('-')) {
            (true, Some(name), _) => (true, name),
            (true, None, Some(name)) => (false, name),
            (true, None, None) => return Err(format!("after ALL, '{word}' needs a + or a -").into()),
            (false, ..) => (true, *word),
        };
        match named(name)? {
            Word::Old => {}
            Word::V1_2 => v1_2 = on,
            Word::V1_3 => v1_3 = on,
            Word::All => (v1_2, v1_3) = (on, on),
        }
    }
    match v1_2 || v1_3 {
        true => Ok(Value::map([("v1_2", v1_2.into()), ("v1_3", v1_3.into())])),
        false => {
            Err("Gantry has only TLSv1.2 and TLSv1.3: older versions are broken. Write: TLSProtocol TLSv1.2 TLSv1.3"
                .into())
        }
    }
}

fn named(word: &str) -> Result<Word, String> {
    match word.to_ascii_lowercase().as_str() {
        "sslv2" | "sslv3" | "tlsv1" | "tlsv1.0" | "tlsv1.1" => Ok(Word::Old),
        "tlsv1.2" => Ok(Word::V1_2),
        "tlsv1.3" => Ok(Word::V1_3),
        "sslv23" | "all" => Ok(Word::All),
        _ => Err(format!("'{word}' is not a protocol: expected TLSv1.2, TLSv1.3 or ALL")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<(bool, bool), ParseError> {
        let versions: Versions = parse(words)?.extract().map_err(|error| error.message)?;
        Ok((versions.v1_2, versions.v1_3))
    }

    #[test]
    fn versions_are_listed_or_taken_from_all() {
        assert_eq!(read(&["TLSv1.2"]), Ok((true, false)));
        assert_eq!(read(&["SSLv23"]), Ok((true, true)));
        assert_eq!(read(&["TLSv1", "TLSv1.1", "TLSv1.2"]), Ok((true, false)));
        assert_eq!(read(&["ALL", "-SSLv3", "-TLSv1.2"]), Ok((false, true)));
    }

    #[test]
    fn what_leaves_no_version_is_refused() {
        assert!(read(&["TLSv1"]).unwrap_err().to_string().contains("TLSProtocol TLSv1.2 TLSv1.3"));
        for bad in [&[][..], &["ALL", "TLSv1"], &["ALL", "-TLSv1.2", "-TLSv1.3"], &["TLSv9"], &["TLSv1.2", "-TLSv1.2"]]
        {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
