//! TLSCipherSuite: OpenSSL's lists of ciphers, as far as rustls has them.

use gantry_api::{ParseError, Value};
use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite as has;
use serde::Deserialize;

use crate::protocol::Versions;

/// One line: the TLS versions, and the list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Line {
    v1_3: bool,
    list: String,
}

/// A suite of TLSv1.2: OpenSSL's name, and the words that include it.
struct Suite {
    name: &'static str,
    iana: &'static str,
    words: &'static [&'static str],
    suite: SupportedCipherSuite,
}

macro_rules! suite {
    ($name:literal, $suite:ident, $($word:literal),+) => {
        Suite { name: $name, iana: stringify!($suite), words: &[$($word),+], suite: has::$suite }
    };
}

/// In the order of `ALL`, as in OpenSSL.
static TLS12: [Suite; 6] = [
    suite!(
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "aECDSA",
        "ECDSA",
        "AES",
        "AES256",
        "AESGCM",
        "FIPS"
    ),
    suite!(
        "ECDHE-RSA-AES256-GCM-SHA384",
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "aRSA",
        "AES",
        "AES256",
        "AESGCM",
        "FIPS"
    ),
    suite!(
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "aECDSA",
        "ECDSA",
        "CHACHA20"
    ),
    suite!("ECDHE-RSA-CHACHA20-POLY1305", TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "aRSA", "CHACHA20"),
    suite!(
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "aECDSA",
        "ECDSA",
        "AES",
        "AES128",
        "AESGCM",
        "FIPS"
    ),
    suite!(
        "ECDHE-RSA-AES128-GCM-SHA256",
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "aRSA",
        "AES",
        "AES128",
        "AESGCM",
        "FIPS"
    ),
];

/// Words that include every suite.
const ALL: &[&str] = &["ALL", "DEFAULT", "HIGH", "TLSv1.2", "ECDHE", "EECDH", "kECDHE", "kEECDH"];

/// OpenSSL's words for suites that rustls does not have.
const NONE: &[&str] = &[
    "COMPLEMENTOFDEFAULT",
    "COMPLEMENTOFALL",
    "MEDIUM",
    "LOW",
    "EXP",
    "EXPORT",
    "EXPORT40",
    "EXPORT56",
    "eNULL",
    "NULL",
    "aNULL",
    "kRSA",
    "RSA",
    "kDHr",
    "kDHd",
    "kDH",
    "kDHE",
    "kEDH",
    "DH",
    "DHE",
    "EDH",
    "ADH",
    "AECDH",
    "aDH",
    "aDSS",
    "DSS",
    "ECDH",
    "kECDH",
    "kECDHr",
    "kECDHe",
    "aECDH",
    "AESCCM",
    "AESCCM8",
    "ARIA",
    "ARIA128",
    "ARIA256",
    "ARIAGCM",
    "CAMELLIA",
    "CAMELLIA128",
    "CAMELLIA256",
    "DES",
    "3DES",
    "RC4",
    "RC2",
    "IDEA",
    "SEED",
    "MD5",
    "SHA1",
    "SHA",
    "SHA256",
    "SHA384",
    "SHA512",
    "aGOST",
    "aGOST01",
    "kGOST",
    "GOST94",
    "GOST89MAC",
    "PSK",
    "kPSK",
    "aPSK",
    "kECDHEPSK",
    "kDHEPSK",
    "kRSAPSK",
    "SRP",
    "aSRP",
    "kSRP",
    "SSLv2",
    "SSLv3",
    "TLSv1",
    "TLSv1.0",
    "TLSv1.1",
    "KRB5",
    "CBC",
    "SUITEB128",
    "SUITEB128ONLY",
    "SUITEB192",
];

static TLS13: [(&str, SupportedCipherSuite); 3] = [
    ("TLS_AES_256_GCM_SHA384", has::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", has::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_AES_128_GCM_SHA256", has::TLS13_AES_128_GCM_SHA256),
];

/// Names of TLSv1.3 suites that rustls does not have.
const TLS13_ABSENT: &[&str] = &["TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"];

/// Reads one line.
pub(crate) fn parse(words: &[&str]) -> Result<Value, ParseError> {
    let (v1_3, list) = match words {
        [] => return Err("missing parameters".into()),
        [version, list @ ..] if version.eq_ignore_ascii_case("TLSv1.3") && !list.is_empty() => (true, list),
        [version, list @ ..] if is_version(version) && !list.is_empty() => (false, list),
        list => (false, list),
    };
    let list = list.join(":");
    let is_empty = match v1_3 {
        true => tls13(&list)?.is_empty(),
        false => tls12(&list)?.is_empty(),
    };
    match is_empty {
        true => Err(format!(
            "Gantry has none of the ciphers in '{list}'; write: TLSCipherSuite {}",
            if v1_3 { "TLSv1.3 TLS_AES_256_GCM_SHA384" } else { "HIGH" }
        )
        .into()),
        false => Ok(Value::map([("v1_3", v1_3.into()), ("list", list.into())])),
    }
}

fn is_version(word: &str) -> bool {
    ["SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1", "TLSv1.2"].iter().any(|version| version.eq_ignore_ascii_case(word))
}

/// The suites that a server offers, in order of preference, from the lines of the innermost scope.
pub(crate) fn offered(sections: &[Vec<Line>], versions: Versions) -> Result<Vec<SupportedCipherSuite>, String> {
    let lines = sections.last().map_or(&[][..], Vec::as_slice);
    let last = |v1_3: bool| lines.iter().rev().find(|line| line.v1_3 == v1_3).map(|line| line.list.as_str());
    let mut suites = Vec::new();
    if versions.v1_3 {
        suites.extend(match last(true) {
            Some(list) => tls13(list)?,
            None => TLS13.iter().map(|(_, suite)| *suite).collect(),
        });
    }
    if versions.v1_2 {
        suites.extend(tls12(last(false).unwrap_or("DEFAULT"))?);
    }
    Ok(suites)
}

/// TLSv1.3's suites have names only.
fn tls13(list: &str) -> Result<Vec<SupportedCipherSuite>, String> {
    let mut suites = Vec::new();
    for name in items(list) {
        match TLS13.iter().find(|(known, _)| *known == name) {
            Some((_, suite)) if !suites.contains(suite) => suites.push(*suite),
            Some(_) => {}
            None if TLS13_ABSENT.contains(&name) => {}
            None => return Err(format!("unknown cipher of TLSv1.3 '{name}'")),
        }
    }
    Ok(suites)
}

/// Reads a list like OpenSSL: each item adds, moves (`+`), removes (`-`) or forbids (`!`) the
/// suites that match all of its words.
fn tls12(list: &str) -> Result<Vec<SupportedCipherSuite>, String> {
    let (mut chosen, mut forbidden): (Vec<&Suite>, Vec<&Suite>) = (Vec::new(), Vec::new());
    let is = |one: &&Suite, other: &&Suite| one.name == other.name;
    for item in items(list) {
        if let Some(command) = item.strip_prefix('@') {
            match command {
                "STRENGTH" => chosen.sort_by_key(|suite| suite.words.contains(&"AES128")),
                _ if command.starts_with("SECLEVEL=") => {}
                _ => return Err(format!("unknown word '{item}'")),
            }
            continue;
        }
        let (act, words) = match item.split_at_checked(1) {
            Some((act @ ("!" | "-" | "+"), words)) => (act, words),
            _ => ("", item),
        };
        let meant = meant(words)?;
        match act {
            "!" => {
                chosen.retain(|suite| !meant.iter().any(|other| is(suite, other)));
                forbidden.extend(meant);
            }
            "-" => chosen.retain(|suite| !meant.iter().any(|other| is(suite, other))),
            "+" => {
                let (moved, mut kept): (Vec<&Suite>, Vec<&Suite>) =
                    chosen.iter().partition(|suite| meant.iter().any(|other| is(suite, other)));
                kept.extend(moved);
                chosen = kept;
            }
            _ => {
                for suite in meant {
                    let has = |list: &[&Suite]| list.iter().any(|other| is(&suite, other));
                    if !has(&chosen) && !has(&forbidden) {
                        chosen.push(suite);
                    }
                }
            }
        }
    }
    Ok(chosen.into_iter().map(|suite| suite.suite).collect())
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split([':', ',', ' ', ';']).filter(|item| !item.is_empty())
}

/// The suites that match all words, which are separated by `+`.
fn meant(words: &str) -> Result<Vec<&'static Suite>, String> {
    let mut suites: Vec<&Suite> = TLS12.iter().collect();
    for word in words.split('+') {
        let same = |known: &&str| known.eq_ignore_ascii_case(word);
        if ALL.iter().any(&same) {
            continue;
        }
        suites.retain(|suite| suite.name == word || suite.iana == word || suite.words.iter().any(&same));
        let is_known = TLS12.iter().any(|suite| suite.name == word || suite.words.iter().any(&same))
            || NONE.iter().any(same)
            // A suite that rustls does not have, such as DHE-RSA-AES128-SHA.
            || (word.contains(['-', '_']) && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        if !is_known {
            return Err(format!("unknown cipher '{word}'"));
        }
    }
    Ok(suites)
}

/// OpenSSL's name of a suite.
pub(crate) fn name(suite: SupportedCipherSuite) -> String {
    let old = TLS12.iter().find(|known| known.suite == suite).map(|known| known.name);
    let new = || TLS13.iter().find(|(_, known)| *known == suite).map(|(name, _)| *name);
    old.or_else(new).map_or_else(|| format!("{:?}", suite.suite()), str::to_owned)
}

/// The number of bits of a suite's key.
pub(crate) fn bits(suite: SupportedCipherSuite) -> u16 {
    if name(suite).contains("128") { 128 } else { 256 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> String {
        let suites = tls12(list).unwrap_or_else(|error| panic!("{list}: {error}"));
        suites.into_iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lists_are_read_as_openssl_reads_them() {
        let all = "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 \
                   ECDHE-RSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256";
        for list in ["ALL", "DEFAULT:!ADH:!EXPORT:!DES", "HIGH:!aNULL:!MD5", "ALL:!EXPORT:!LOW:@SECLEVEL=1"] {
            assert_eq!(names(list), all, "{list}");
        }
        assert_eq!(names("aRSA+AESGCM"), "ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(names("AES128:AES256:!ECDSA"), "ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384");
        assert_eq!(names("ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA"), "ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(names("aRSA:-AES:+CHACHA20:AES128+aRSA"), "ECDHE-RSA-CHACHA20-POLY1305 ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(names("!CHACHA20:CHACHA20:aECDSA+AES128"), "ECDHE-ECDSA-AES128-GCM-SHA256");
        assert_eq!(names("aRSA+AES:@STRENGTH:+AES256"), "ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384");
    }

    #[test]
    fn what_is_unknown_is_named_and_what_leaves_nothing_is_refused() {
        assert!(parse(&["HIGH:NOSUCH"]).unwrap_err().to_string().contains("NOSUCH"));
        assert!(parse(&["RC4-SHA:DES-CBC3-SHA"]).unwrap_err().to_string().contains("HIGH"));
        assert!(parse(&["TLSv1.3", "TLS_X"]).unwrap_err().to_string().contains("TLS_X"));
        assert!(parse(&["TLSv1.3", "TLS_AES_128_CCM_SHA256"]).is_err());
    }

    #[test]
    fn each_version_has_a_line_of_its_own() {
        let line = |words: &[&str]| -> Line { parse(words).unwrap().extract().unwrap() };
        let lines = vec![line(&["TLSv1.2", "AES256+aRSA"]), line(&["TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"])];
        let both = Versions { v1_2: true, v1_3: true };
        let listed = |lines: &[Vec<Line>], versions| -> Vec<String> {
            offered(lines, versions).unwrap().into_iter().map(name).collect()
        };
        assert_eq!(listed(&[lines], both), ["TLS_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-AES256-GCM-SHA384"]);
        assert_eq!(listed(&[], Versions { v1_2: false, v1_3: true }).len(), 3);
    }
}
