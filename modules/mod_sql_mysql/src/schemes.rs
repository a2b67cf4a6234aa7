//! The servers' own schemes for passwords: PASSWORD(), OLD_PASSWORD() and, of MariaDB,
//! ed25519_password(). They are computed here, so that the password is not part of a statement.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use gantry_secrets::{Digest, is_equal};

/// Whether the password has this hash; `None` if the text is no hash of these schemes.
pub(crate) fn verify(stored: &str, password: &[u8]) -> Option<bool> {
    // What is stored by ed25519_password: a key of 32 bytes.
    if let Some(key) = STANDARD_NO_PAD.decode(stored).ok().filter(|key| key.len() == 32) {
        return Some(is_equal(&key, &ed25519(password)?));
    }
    let is_hex = |text: &str| text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let given = match stored.strip_prefix('*') {
        Some(rest) if rest.len() == 40 && is_hex(rest) => native(password),
        None if stored.len() == 16 && is_hex(stored) => old(password),
        _ => return None,
    };
    Some(is_equal(stored.to_ascii_uppercase().as_bytes(), given.as_bytes()))
}

/// PASSWORD(): `*` and two rounds of SHA-1 in hexadecimal digits. It has no value for an empty
/// password.
fn native(password: &[u8]) -> String {
    let twice = Digest::Sha1.of(&[&Digest::Sha1.of(&[password])]);
    twice.iter().fold("*".to_owned(), |text, byte| text + &format!("{byte:02X}"))
}

/// OLD_PASSWORD(), of servers before 4.1: spaces and tabs do not count.
fn old(password: &[u8]) -> String {
    let (mut one, mut other, mut add) = (1_345_345_333_u32, 0x1234_5671_u32, 7_u32);
    for byte in password.iter().filter(|byte| !matches!(byte, b' ' | b'\t')) {
        let byte = u32::from(*byte);
        let step = (one & 63).wrapping_add(add).wrapping_mul(byte).wrapping_add(one << 8);
        one ^= step;
        other = other.wrapping_add((other << 8) ^ one);
        add = add.wrapping_add(byte);
    }
    format!("{:08X}{:08X}", one & 0x7fff_ffff, other & 0x7fff_ffff)
}

/// The public key whose secret key is the password's SHA-512.
fn ed25519(password: &[u8]) -> Option<[u8; 32]> {
    let secret = Digest::Sha512.of(&[password]).try_into().ok()?;
    let secret = ExpandedSecretKey::from_bytes(&secret);
    Some(VerifyingKey::from(&secret).to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_the_server_are_verified() {
        for (stored, password, wanted) in [
            // From MariaDB's PASSWORD, OLD_PASSWORD and ed25519_password.
            ("*14E65567ABDB5135D0CFD9A70B3032C179A49EE7", "secret", Some(true)),
            ("*14e65567abdb5135d0cfd9a70b3032c179a49ee7", "secret", Some(true)),
            ("*14E65567ABDB5135D0CFD9A70B3032C179A49EE7", "Secret", Some(false)),
            ("428567f408994404", "secret", Some(true)),
            ("428567f408994404", "secre", Some(false)),
            ("ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY", "secret", Some(true)),
            ("ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY", "secre", Some(false)),
            ("secret", "secret", None),
            ("*secret", "*secret", None),
            ("", "", None),
        ] {
            assert_eq!(verify(stored, password.as_bytes()), wanted, "{stored}");
        }
    }
}
