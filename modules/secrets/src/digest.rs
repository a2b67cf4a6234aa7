//! Digests by the names that OpenSSL gives them.

use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

/// A digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Digest {
    /// 16 bytes.
    Md5,
    /// 20 bytes.
    Sha1,
    /// 28 bytes.
    Sha224,
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl Digest {
    /// By its name, in any case; `SHA` is SHA-1.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "md5" => Self::Md5,
            "sha" | "sha1" | "sha-1" => Self::Sha1,
            "sha224" | "sha-224" => Self::Sha224,
            "sha256" | "sha-256" => Self::Sha256,
            "sha384" | "sha-384" => Self::Sha384,
            "sha512" | "sha-512" => Self::Sha512,
            _ => return None,
        })
    }

    /// The digest of the parts, one after another.
    pub fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn digest<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            parts.iter().for_each(|part| digest.update(part));
            digest.finalize().to_vec()
        }
        match self {
            Self::Md5 => digest::<Md5>(parts),
            Self::Sha1 => digest::<Sha1>(parts),
            Self::Sha224 => digest::<Sha224>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha384 => digest::<Sha384>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_known_by_name() {
        // From `printf abc | openssl dgst -NAME`; the last eight digits.
        for (name, length, end) in [
            ("MD5", 16, "28e17f72"),
            ("sha", 20, "9cd0d89d"),
            ("Sha1", 20, "9cd0d89d"),
            ("sha224", 28, "e36c9da7"),
            ("sha256", 32, "f20015ad"),
            ("sha384", 48, "34c825a7"),
            ("sha512", 64, "a54ca49f"),
        ] {
            let found = Digest::named(name).unwrap().of(&[b"a", b"", b"bc"]);
            let shown: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found.len(), length, "{name}");
            assert!(shown.ends_with(end), "{name}: {shown}");
        }
        assert_eq!(Digest::named("sha0"), None);
    }
}
