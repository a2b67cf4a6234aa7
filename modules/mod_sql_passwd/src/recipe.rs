//! How a hash is computed, apart from where salts and parameters come from.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_secrets::{Digest, is_equal};
use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::phc;
use crate::settings::{Cost, Encoding, PasswordOption};

/// What SQLAuthTypes calls a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A digest of password and salts.
    Digest(Digest),
    /// SHA-1 with a salt that is stored with it (RFC 2307bis).
    Ssha,
    /// RFC 8018.
    Pbkdf2,
    /// RFC 7914.
    Scrypt,
    /// Argon2i (RFC 9106), with the parameters of libsodium.
    Argon2,
    /// crypt(3)'s `$2a$` and its kin.
    Bcrypt,
    /// A hash that contains its parameters.
    Sodium,
}

impl Kind {
    /// All by name.
    pub(crate) const ALL: [(&'static str, Self); 10] = [
        ("Argon2", Self::Argon2),
        ("Bcrypt", Self::Bcrypt),
        ("MD5", Self::Digest(Digest::Md5)),
        ("PBKDF2", Self::Pbkdf2),
        ("Scrypt", Self::Scrypt),
        ("SHA1", Self::Digest(Digest::Sha1)),
        ("SHA256", Self::Digest(Digest::Sha256)),
        ("SHA512", Self::Digest(Digest::Sha512)),
        ("SSHA", Self::Ssha),
        ("Sodium", Self::Sodium),
    ];

    /// By its name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| kind)
    }

    /// Whether salts of the configuration are part of it.
    pub(crate) fn has_salts(self) -> bool {
        !matches!(self, Self::Ssha | Self::Bcrypt | Self::Sodium)
    }

    /// What the log calls it, if its hashes are guessed quickly.
    pub(crate) fn old(self) -> Option<&'static str> {
        match self {
            Self::Digest(Digest::Md5) => Some("MD5 digests"),
            Self::Digest(Digest::Sha1) => Some("SHA-1 digests"),
            Self::Digest(_) => Some("SHA-2 digests"),
            Self::Ssha => Some("salted SHA-1 digests"),
            _ => None,
        }
    }
}

/// All that a hash is made of, besides the password.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub kind: Kind,
    pub encoding: Encoding,
    pub options: Vec<PasswordOption>,
    pub rounds: u32,
    /// The salt before the password.
    pub prefix: Option<Vec<u8>>,
    /// The salt after it.
    pub suffix: Option<Vec<u8>>,
    /// Of PBKDF2: the digest, the number of iterations and the length in bytes.
    pub pbkdf2: Option<(Digest, u32, usize)>,
    /// The length of scrypt's hash in bytes.
    pub scrypt: usize,
    /// The length of Argon2's hash in bytes.
    pub argon2: usize,
    pub cost: Cost,
}

impl Recipe {
    /// Whether the password has this hash.
    ///
    /// # Errors
    /// What is missing in the configuration or the database.
    pub(crate) fn verify(&self, stored: &str, password: &[u8]) -> Result<bool, String> {
        let given = match self.kind {
            Kind::Digest(digest) => self.digest(digest, password),
            Kind::Ssha => return Ok(self.ssha(stored, password).unwrap_or(false)),
            Kind::Pbkdf2 => self.encoded(&self.derive(password)?),
            Kind::Scrypt => self.encoded(&self.scrypt(password)?),
            Kind::Argon2 => self.encoded(&self.argon2(password)?),
            Kind::Bcrypt => {
                return Ok(stored.starts_with("$2") && gantry_sys::crypt::verify(password, stored).unwrap_or(false));
            }
            Kind::Sodium => return Ok(phc::verify(stored, password)),
        };
        Ok(is_equal(stored.as_bytes(), &given))
    }

    /// The memory that it takes, in KiB, as far as it is much.
    pub(crate) fn memory(&self, stored: &str) -> u32 {
        match (self.kind, self.cost) {
            (Kind::Sodium, _) => phc::memory(stored),
            (Kind::Scrypt, Cost::Sensitive) => 1 << 20,
            (Kind::Argon2, Cost::Sensitive) => 1 << 19,
            _ => 0,
        }
    }

    /// ENCODE(HASH(data)), as often as SQLPasswordRounds says.
    fn digest(&self, digest: Digest, password: &[u8]) -> Vec<u8> {
        let has = |option| self.options.contains(&option);
        let has_salt = self.prefix.is_some() || self.suffix.is_some();
        let first = |data: &[u8], hash: PasswordOption, encode: PasswordOption, may_encode: bool| {
            if has(encode) && may_encode {
                self.encoded(&digest.of(&[data]))
            } else if has(hash) {
                digest.of(&[data])
            } else {
                data.to_vec()
            }
        };
        let salt = |salt: &Option<Vec<u8>>| {
            let salt = salt.as_deref().unwrap_or_default();
            match salt.is_empty() {
                true => Vec::new(),
                false => first(salt, PasswordOption::Salt, PasswordOption::EncodeSalt, true),
            }
        };
        let password = first(password, PasswordOption::Password, PasswordOption::EncodePassword, has_salt);
        let mut data = self.encoded(&digest.of(&[&salt(&self.prefix), &password, &salt(&self.suffix)]));
        for _ in 1..self.rounds {
            data = self.encoded(&digest.of(&[&data]));
        }
        data
    }

    /// `{SSHA}base64`, or the encoded digest and salt alone.
    fn ssha(&self, stored: &str, password: &[u8]) -> Option<bool> {
        const LENGTH: usize = 20;
        let is_marked = stored.get(..6).is_some_and(|mark| mark.eq_ignore_ascii_case("{SSHA}"));
        let bytes = match (is_marked, self.encoding) {
            (true, _) => STANDARD.decode(stored.get(6..)?).ok()?,
            (false, Encoding::Base64) => STANDARD.decode(stored).ok()?,
            (false, Encoding::Hex | Encoding::UpperHex) => unhex(stored)?,
        };
        let (hash, salt) = bytes.split_at_checked(LENGTH)?;
        Some(is_equal(hash, &Digest::Sha1.of(&[password, salt])))
    }

    fn derive(&self, password: &[u8]) -> Result<Vec<u8>, String> {
        let (digest, iterations, length) = self.pbkdf2.ok_or("SQLPasswordPBKDF2 is not set")?;
        let salt = self.salt("PBKDF2", None)?;
        let mut out = vec![0; length];
        let derive = match digest {
            Digest::Md5 => pbkdf2_hmac::<Md5>,
            Digest::Sha1 => pbkdf2_hmac::<Sha1>,
            Digest::Sha224 => pbkdf2_hmac::<Sha224>,
            Digest::Sha256 => pbkdf2_hmac::<Sha256>,
            Digest::Sha384 => pbkdf2_hmac::<Sha384>,
            Digest::Sha512 => pbkdf2_hmac::<Sha512>,
        };
        derive(password, salt, iterations, &mut out);
        Ok(out)
    }

    fn scrypt(&self, password: &[u8]) -> Result<Vec<u8>, String> {
        let log_n = match self.cost {
            Cost::Interactive => 14,
            Cost::Sensitive => 20,
        };
        let salt = self.salt("scrypt", Some(32))?;
        let fault = |error: &dyn std::fmt::Display| format!("scrypt: {error}");
        let params = scrypt::Params::new(log_n, 8, 1).map_err(|error| fault(&error))?;
        let mut out = vec![0; self.scrypt];
        scrypt::scrypt(password, salt, &params, &mut out).map_err(|error| fault(&error))?;
        Ok(out)
    }

    fn argon2(&self, password: &[u8]) -> Result<Vec<u8>, String> {
        let (memory, passes) = match self.cost {
            Cost::Interactive => (1 << 15, 4),
            Cost::Sensitive => (1 << 19, 8),
        };
        let salt = self.salt("Argon2", Some(16))?;
        let fault = |error: argon2::Error| format!("Argon2: {error}");
        let params = Params::new(memory, passes, 1, Some(self.argon2)).map_err(fault)?;
        let mut out = vec![0; self.argon2];
        let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x13, params);
        argon2.hash_password_into(password, salt, &mut out).map_err(fault)?;
        Ok(out)
    }

    /// The salt of what has only one.
    fn salt(&self, name: &str, length: Option<usize>) -> Result<&[u8], String> {
        let salt = self.prefix.as_deref().or(self.suffix.as_deref()).unwrap_or_default();
        match length {
            _ if salt.is_empty() => Err(format!("{name} needs a salt: SQLPasswordSaltFile or SQLPasswordUserSalt")),
            Some(length) if salt.len() != length => {
                Err(format!("{name} needs a salt of {length} bytes, and this one has {}", salt.len()))
            }
            _ => Ok(salt),
        }
    }

    fn encoded(&self, bytes: &[u8]) -> Vec<u8> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match self.encoding {
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Hex => hex(bytes),
            Encoding::UpperHex => hex(bytes).to_ascii_uppercase(),
        }
        .into_bytes()
    }
}

/// The bytes of hexadecimal digits in either case.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pair = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(pair).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PasswordOption::{EncodePassword, EncodeSalt, Password, Salt};

    const MD5: Kind = Kind::Digest(Digest::Md5);

    fn recipe(kind: Kind, prefix: Option<&str>, suffix: Option<&str>) -> Recipe {
        let bytes = |salt: &str| salt.as_bytes().to_vec();
        Recipe {
            kind,
            encoding: Encoding::Hex,
            options: Vec::new(),
            rounds: 1,
            prefix: prefix.map(bytes),
            suffix: suffix.map(bytes),
            pbkdf2: Some((Digest::Sha1, 1000, 20)),
            scrypt: 32,
            argon2: 32,
            cost: Cost::Interactive,
        }
    }

    fn fits(recipe: &Recipe, stored: &str) -> bool {
        assert!(!recipe.verify(stored, b"secre").unwrap(), "{stored}");
        recipe.verify(stored, b"secret").unwrap()
    }

    /// All of these let a user log in to ProFTPD 1.3.8.
    #[test]
    fn digests_are_made_as_proftpd_makes_them() {
        let none: &[PasswordOption] = &[];
        for (prefix, suffix, options, rounds, stored) in [
            (None, None, none, 1, "5ebe2294ecd0e0f08eab7690d2a6ee69"),
            (None, Some("fsalt"), none, 1, "d0299f984729e3a83c7d3915a17cfe4a"),
            (Some("usalt"), Some("fsalt"), none, 1, "230dcc689035973a5508dc3bd8f66c48"),
            (None, Some("usalt"), none, 3, "b31c2d5838fad7ce10da5d46637b8a9d"),
            (None, None, &[Password], 1, "9e769017c85f064977fe6a658f207fa6"),
            (None, None, &[EncodePassword], 1, "5ebe2294ecd0e0f08eab7690d2a6ee69"),
            (Some("usalt"), None, &[Password], 1, "da8ffdb4e981c166e90f326ca0b9bdd0"),
            (Some("usalt"), None, &[EncodePassword], 1, "1c8e3658113d638f8c4d528f10da05fb"),
            (Some("usalt"), None, &[Password, EncodePassword], 1, "1c8e3658113d638f8c4d528f10da05fb"),
            (Some("usalt"), None, &[Salt], 1, "8c92fb277e5cf84dfcbf357b16846d75"),
            (Some("usalt"), None, &[EncodeSalt], 1, "2d06454eaee21b6e4ec161e95937ab8a"),
            (Some("usalt"), None, &[EncodePassword, EncodeSalt], 1, "4009b0b52b848a58201756c5d5950fbc"),
        ] {
            let recipe = Recipe { options: options.to_vec(), rounds, ..recipe(MD5, prefix, suffix) };
            assert!(fits(&recipe, stored), "{prefix:?} {suffix:?} {options:?} {rounds}");
            assert!(!fits(&recipe, &stored.to_ascii_uppercase()));
        }
        let upper = Recipe { encoding: Encoding::UpperHex, ..recipe(MD5, None, None) };
        assert!(fits(&upper, "5EBE2294ECD0E0F08EAB7690D2A6EE69"));
        let base64 = Recipe { encoding: Encoding::Base64, ..recipe(MD5, None, None) };
        assert!(fits(&base64, "Xr4ilOzQ4PCOq3aQ0qbuaQ=="));
    }

    /// As well, apart from SSHA, which 1.3.8 does not have.
    #[test]
    fn derived_keys_are_made_as_proftpd_makes_them() {
        let salt = Some("saltsalt");
        assert!(fits(&recipe(Kind::Pbkdf2, None, salt), "8b09c61e3ddee1285f60003548fcfb0963b1e8e2"));
        let long = Recipe { pbkdf2: Some((Digest::Sha512, 500, 40)), ..recipe(Kind::Pbkdf2, None, salt) };
        let stored = "64ab0047214e4e6833ce45e6cd9f8db75bd118c604dede44475e5206ab9b2f5d2eaef76154220e11";
        assert!(fits(&long, stored));
        let salt = Some("0123456789abcdef0123456789abcdef");
        let stored = "aa8a6f8980f4a67ee473289499036a8cffa7b745bbacf6fa735ad3fd7630208b";
        assert!(fits(&recipe(Kind::Scrypt, None, salt), stored));
        let salt = Some("0123456789abcdef");
        let stored = "e1097d2798b1fb31bfe9f5730011c440881eb13d898d43c08788853c86ab4c68";
        assert!(fits(&recipe(Kind::Argon2, salt, None), stored));
        let bcrypt = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
        assert!(fits(&recipe(Kind::Bcrypt, None, None), bcrypt));
        assert!(!fits(&recipe(Kind::Bcrypt, None, None), "abNANd1rDfiNc"), "DES is not bcrypt");
        let ssha = recipe(Kind::Ssha, None, None);
        assert!(fits(&ssha, "{SSHA}tCNGqyJLk/uvKpCa4vga5GB2gWoxMjM0NTY3OA=="));
        assert!(fits(&ssha, "b42346ab224b93fbaf2a909ae2f81ae46076816a3132333435363738"));
        assert!(!fits(&ssha, "{SSHA}tCNG") && !fits(&ssha, ""));
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let error = |recipe: Recipe| recipe.verify("x", b"secret").unwrap_err();
        let need = "needs a salt: SQLPasswordSaltFile or SQLPasswordUserSalt";
        assert_eq!(error(recipe(Kind::Pbkdf2, None, None)), format!("PBKDF2 {need}"));
        assert_eq!(error(recipe(Kind::Scrypt, Some(""), None)), format!("scrypt {need}"));
        assert_eq!(
            error(recipe(Kind::Argon2, Some("short"), None)),
            "Argon2 needs a salt of 16 bytes, and this one has 5"
        );
        let unset = Recipe { pbkdf2: None, ..recipe(Kind::Pbkdf2, None, Some("salt")) };
        assert_eq!(error(unset), "SQLPasswordPBKDF2 is not set");
    }

    #[test]
    fn digits_become_bytes() {
        assert_eq!(unhex("00fFa1").unwrap(), [0, 0xff, 0xa1]);
        assert_eq!((unhex("0"), unhex("0g"), unhex("\u{e9}")), (None, None, None));
    }
}
