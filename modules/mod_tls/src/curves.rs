//! TLSECDHCurve: the groups for key exchange.

use gantry_api::parse as words_of;
use gantry_api::{ParseError, Value};
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::kx_group as has;

/// A group, with OpenSSL's names.
struct Group {
    names: &'static [&'static str],
    group: &'static dyn SupportedKxGroup,
}

/// In order of preference. The first also resists quantum computers.
static GROUPS: [Group; 5] = [
    Group { names: &["X25519MLKEM768"], group: has::X25519MLKEM768 },
    Group { names: &["X25519"], group: has::X25519 },
    Group { names: &["prime256v1", "P-256", "secp256r1"], group: has::SECP256R1 },
    Group { names: &["secp384r1", "P-384"], group: has::SECP384R1 },
    Group { names: &["SecP256r1MLKEM768"], group: has::SECP256R1MLKEM768 },
];

/// How many of them are on by default.
const USUAL: usize = 4;

/// OpenSSL's names of some groups that rustls does not have.
const ABSENT: &[&str] = &[
    "secp521r1",
    "P-521",
    "X448",
    "auto",
    "secp224r1",
    "P-224",
    "secp256k1",
    "prime192v1",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "SecP384r1MLKEM1024",
];

/// Reads a list separated by colons.
pub(crate) fn parse(words: &[&str]) -> Result<Value, ParseError> {
    let list = words_of::one(words)?;
    let mut known = Vec::new();
    for name in list.split([':', ',']).filter(|name| !name.is_empty()) {
        match find(name) {
            Some(group) => known.extend(group.names.first().map(|name| Value::from(*name))),
            None if ABSENT.iter().any(|other| other.eq_ignore_ascii_case(name)) => {}
            None => return Err(format!("unknown curve '{name}'").into()),
        }
    }
    match known.is_empty() {
        true if list.eq_ignore_ascii_case("auto") => Ok(Value::None),
        true => Err(format!("Gantry has none of the curves in '{list}'; write: TLSECDHCurve X25519:prime256v1").into()),
        false => Ok(Value::List(known)),
    }
}

/// The groups that a server offers, in order of preference.
pub(crate) fn offered(names: Option<&[String]>) -> Vec<&'static dyn SupportedKxGroup> {
    match names {
        None => GROUPS.iter().take(USUAL).map(|group| group.group).collect(),
        Some(names) => names.iter().filter_map(|name| find(name)).map(|group| group.group).collect(),
    }
}

fn find(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_listed_in_order() {
        let listed = |list: &str| -> Vec<String> {
            let names: Option<Vec<String>> = parse(&[list]).unwrap().extract().unwrap();
            offered(names.as_deref()).iter().map(|group| format!("{:?}", group.name())).collect()
        };
        assert_eq!(listed("secp521r1:prime256v1:X25519"), ["secp256r1", "X25519"]);
        assert_eq!(listed("auto"), ["X25519MLKEM768", "X25519", "secp256r1", "secp384r1"]);
        assert!(parse(&["secp521r1"]).unwrap_err().to_string().contains("TLSECDHCurve"));
        assert!(parse(&["nosuch"]).unwrap_err().to_string().contains("nosuch"));
    }
}
