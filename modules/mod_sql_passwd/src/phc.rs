//! `Sodium` in SQLAuthTypes: hashes that contain their parameters, as libsodium writes them
//! (`$argon2id$v=19$m=65536,t=2,p=1$SALT$HASH`).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use gantry_secrets::is_equal;

/// The most memory that a hash may ask for, in KiB.
const MOST_MEMORY: u32 = 1 << 20;
/// The most passes over the memory.
const MOST_PASSES: u32 = 64;

/// Whether a password has this hash; one that cannot be read fits no password.
pub(crate) fn verify(stored: &str, password: &[u8]) -> bool {
    judge(stored, password).unwrap_or(false)
}

/// The memory that a hash asks for, in KiB.
pub(crate) fn memory(stored: &str) -> u32 {
    Hash::read(stored).map_or(0, |hash| hash.memory)
}

fn judge(stored: &str, password: &[u8]) -> Option<bool> {
    let hash = Hash::read(stored)?;
    let params = Params::new(hash.memory, hash.passes, hash.lanes, Some(hash.hash.len())).ok()?;
    let mut given = vec![0; hash.hash.len()];
    let argon2 = Argon2::new(hash.algorithm, Version::V0x13, params);
    argon2.hash_password_into(password, &hash.salt, &mut given).ok()?;
    Some(is_equal(&hash.hash, &given))
}

struct Hash {
    algorithm: Algorithm,
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Hash {
    fn read(stored: &str) -> Option<Self> {
        let parts: Vec<&str> = stored.split('$').collect();
        let ["", algorithm, "v=19", costs, salt, hash] = parts.as_slice() else { return None };
        let algorithm = match *algorithm {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            _ => return None,
        };
        let cost = |name: &str, most: u32| {
            let value = costs.split(',').find_map(|cost| cost.strip_prefix(name)?.strip_prefix('='))?;
            value.parse().ok().filter(|value| (1..=most).contains(value))
        };
        let hash = STANDARD_NO_PAD.decode(hash).ok().filter(|hash| !hash.is_empty())?;
        Some(Self {
            algorithm,
            memory: cost("m", MOST_MEMORY)?,
            passes: cost("t", MOST_PASSES)?,
            lanes: cost("p", 255)?,
            salt: STANDARD_NO_PAD.decode(salt).ok()?,
            hash,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_libsodium_are_verified() {
        // From crypto_pwhash_str, with little memory.
        let id = "$argon2id$v=19$m=64,t=1,p=1$Mu4FJVHI4xKQV9Db5QROlA$F9C5Ybnu7mS1MID8NpOfE1Z05sxrImBE1tGH+yQ2iwk";
        let i = "$argon2i$v=19$m=64,t=3,p=1$2Boq+jApmHlmpIdIXIv69Q$+w9cdaH1vihy72IGPGcnr9W+vMIxfRVXF2lhCBNvYUM";
        assert!(verify(id, b"secret") && !verify(id, b"secre"));
        assert!(verify(i, b"secret") && !verify(i, b"secrets"));
        assert_eq!(memory(id), 64);
        for broken in [
            "",
            "$argon2id$",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$AAAA",
            "$argon2d$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$AAAA",
        ] {
            assert!(!verify(broken, b""), "{broken}");
        }
    }
}
