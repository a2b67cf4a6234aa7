//! Signatures of module files: ed25519 (RFC 8032) over all bytes of the file, in base64
//! in a file next to it. ModuleSigners says which keys count.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::ed25519::signature::Signer as _;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};

use crate::error::LoadError;
use crate::file::{self, Trust};

/// The size limit for a file of keys or signatures, in bytes.
const LIMIT: u64 = 64 * 1024;
/// The first word of a file with a private key.
const PRIVATE: &str = "gantry-private-key-ed25519";

/// The path of a module file's signature: `mod_x.so.sig`.
pub fn signature_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// A public key. Its private key can sign modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer(VerifyingKey);

impl FromStr for Signer {
    type Err = LoadError;

    /// Reads a key's base64.
    fn from_str(word: &str) -> Result<Self, LoadError> {
        let refuse = |detail| LoadError::Key { word: word.to_owned(), detail };
        let bytes: [u8; 32] = decoded(word)
            .ok_or_else(|| refuse("not a public key (32 bytes in base64) or the path of a file with public keys"))?;
        let key = VerifyingKey::from_bytes(&bytes)
            .map_err(|_| refuse("not a public key: these bytes are not a point on the curve"))?;
        if key.is_weak() { Err(refuse("a weak key: anyone can forge its signatures")) } else { Ok(Self(key)) }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&BASE64_STANDARD.encode(self.0.as_bytes()))
    }
}

/// The keys that a word of ModuleSigners names. The word is a key, or the absolute path
/// of a file with one key per line. Text after a key and lines that start with `#` are
/// comments. Anyone who can write to the file can add a key, so its owner and mode are
/// checked if a trust is given.
///
/// # Errors
/// The word is neither, or the file cannot be read, is not trusted, or contains
/// anything else.
pub fn signers(word: &str, trust: Option<Trust>) -> Result<Vec<Signer>, LoadError> {
    // A key may begin with a slash, too.
    if !word.starts_with('/') || decoded::<32>(word).is_some() {
        return Ok(vec![word.parse()?]);
    }
    let text = file::read(Path::new(word), trust, LIMIT)?.bytes;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<Signer> =
        lines.map(|line| line.split_whitespace().next().unwrap_or(line).parse()).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(LoadError::Key { word: word.to_owned(), detail: "this file contains no key" });
    }
    Ok(keys)
}

/// Checks that the file next to `file` contains a signature over `bytes` by one of the signers, and
/// returns that signer.
///
/// # Errors
/// It does not contain one.
pub fn verify<'s>(file: &Path, bytes: &[u8], signers: &'s [Signer]) -> Result<&'s Signer, LoadError> {
    let signature = signature_path(file);
    let text = match file::read(&signature, None, LIMIT) {
        Ok(read) => read.bytes,
        Err(LoadError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(LoadError::Unsigned { path: file.to_owned(), signature });
        }
        Err(error) => return Err(error),
    };
    let Some(found) = str::from_utf8(&text).ok().and_then(|text| decoded(text.trim())) else {
        return Err(LoadError::NoSignature { signature });
    };
    let found = Signature::from_bytes(&found);
    let by = signers.iter().find(|Signer(key)| key.verify_strict(bytes, &found).is_ok());
    by.ok_or_else(|| LoadError::WrongSignature { path: file.to_owned(), signature, keys: signers.len() })
}

/// A private key.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// Generates a new key.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn generate() -> io::Result<Self> {
        let mut bytes = [0; 32];
        // So few bytes come all at once or not at all (getrandom(2)).
        let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
        if filled != bytes.len() {
            return Err(io::Error::other("too few random bytes"));
        }
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// Reads the key from a file.
    ///
    /// # Errors
    /// The file cannot be read, others have access to it, or it contains something else.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let refuse = |detail| LoadError::Key { word: path.display().to_string(), detail };
        let read = file::read(path, None, LIMIT)?;
        if read.mode & 0o077 != 0 {
            return Err(refuse("others can read this private key; chmod 600 the file, and consider the key stolen"));
        }
        let text = str::from_utf8(&read.bytes).unwrap_or_default();
        let key = text.trim().strip_prefix(PRIVATE).and_then(|key| decoded(key.trim()));
        let key = key.ok_or_else(|| refuse("not a private key from gantry module keygen"))?;
        Ok(Self(SigningKey::from_bytes(&key)))
    }

    /// The text of a file for this key.
    pub fn text(&self) -> String {
        format!("{PRIVATE} {}\n", BASE64_STANDARD.encode(self.0.as_bytes()))
    }

    /// The public key.
    pub fn signer(&self) -> Signer {
        Signer(self.0.verifying_key())
    }

    /// The text of the signature file for these bytes.
    pub fn sign(&self, bytes: &[u8]) -> String {
        format!("{}\n", BASE64_STANDARD.encode(self.0.sign(bytes).to_bytes()))
    }
}

/// Exactly `N` bytes in base64.
fn decoded<const N: usize>(word: &str) -> Option<[u8; N]> {
    BASE64_STANDARD.decode(word.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_signature_matches_only_its_bytes_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mod_x.so");
        let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
        let check = |bytes: &[u8], keys: &[&PrivateKey]| {
            verify(&file, bytes, &keys.iter().map(|key| key.signer()).collect::<Vec<_>>()).map(drop)
        };
        let refused = |bytes: &[u8], keys: &[&PrivateKey]| check(bytes, keys).unwrap_err().to_string();
        assert!(refused(b"code", &[&key]).contains("not signed"));
        fs::write(signature_path(&file), key.sign(b"code")).unwrap();
        check(b"code", &[&key]).unwrap();
        check(b"code", &[&other, &key]).unwrap();
        assert!(refused(b"code", &[&other]).contains("matches no ModuleSigners key (1 tried)"));
        assert!(refused(b"c0de", &[&key]).contains("changed after it was signed"));
        assert!(refused(b"", &[&key]).contains("changed after it was signed"));
        assert!(check(b"code", &[]).is_err());
        for text in ["", "x", "\u{ff}", &key.sign(b"code")[1..], &"A".repeat(88)] {
            fs::write(signature_path(&file), text).unwrap();
            assert!(check(b"code", &[&key]).is_err(), "{text}");
        }
        fs::remove_file(signature_path(&file)).unwrap();
        fs::create_dir(signature_path(&file)).unwrap();
        assert!(refused(b"code", &[&key]).contains("a folder"));
    }

    /// RFC 8032, 7.1, test 2.
    #[test]
    fn signatures_are_those_of_the_rfc() {
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        };
        let secret = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = PrivateKey(SigningKey::from_bytes(&secret.try_into().unwrap()));
        let public = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(key.signer().to_string(), BASE64_STANDARD.encode(public));
        let signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        assert_eq!(key.sign(&[0x72]).trim(), BASE64_STANDARD.encode(signature));
    }

    #[test]
    fn keys_come_as_words_and_in_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signers");
        let keys = [PrivateKey::generate().unwrap().signer(), PrivateKey::generate().unwrap().signer()];
        assert_eq!(signers(&keys[0].to_string(), None).unwrap(), keys[..1]);
        fs::write(&file, format!("# who may\n\n{} the builder\n {}\n", keys[0], keys[1])).unwrap();
        let path = file.to_str().unwrap();
        assert_eq!(signers(path, Some(Trust::Lenient)).unwrap(), keys);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(signers(path, Some(Trust::Lenient)), Err(LoadError::Distrusted { .. })));
        fs::write(&file, "# nobody\n").unwrap();
        assert!(matches!(signers(path, None), Err(LoadError::Key { .. })));
        fs::write(&file, "rubbish\n").unwrap();
        assert!(matches!(signers(path, None), Err(LoadError::Key { .. })));
        // The point of order 1: it fits signatures that nobody made.
        let weak = BASE64_STANDARD.encode({
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        });
        assert!(signers(&weak, None).unwrap_err().to_string().contains("weak"));
        for word in ["", "AAAA", "relative/path", "/nonexistent/file"] {
            assert!(signers(word, None).is_err(), "{word}");
        }
    }

    #[test]
    fn only_the_owner_may_read_a_private_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = PrivateKey::generate().unwrap();
        fs::write(&path, key.text()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(PrivateKey::read(&path).err().unwrap().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(PrivateKey::read(&path).unwrap().signer(), key.signer());
        fs::write(&path, key.signer().to_string()).unwrap();
        assert!(matches!(PrivateKey::read(&path), Err(LoadError::Key { .. })));
    }
}
