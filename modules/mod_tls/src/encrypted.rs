//! Encrypted private keys: PKCS#8 (`ENCRYPTED PRIVATE KEY`), and OpenSSL's own form (`Proc-Type: 4,ENCRYPTED`), which is
//! older and still written by `openssl rsa -aes256 -traditional`.

use aes::{Aes128, Aes192, Aes256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use crate::phrase::Phrase;

const WRONG: &str = "the pass phrase is wrong";

/// Whether a PEM file contains an encrypted key.
pub(crate) fn is_encrypted(pem: &str) -> bool {
    pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || pem.contains("Proc-Type: 4,ENCRYPTED")
}

/// The first encrypted key of a PEM file, decrypted.
pub(crate) fn decrypt(pem: &str, phrase: &Phrase) -> Result<PrivateKeyDer<'static>, String> {
    let begin = pem
        .lines()
        .position(|line| line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY-----"))
        .ok_or("no private key")?;
    let mut lines = pem.lines().skip(begin);
    let label = lines.next().unwrap_or_default();
    let body: Vec<&str> = lines.take_while(|line| !line.starts_with("-----END ")).map(str::trim).collect();
    let (heads, data): (Vec<&str>, Vec<&str>) = body.iter().partition(|line| line.contains(':'));
    let bytes = STANDARD.decode(data.concat()).map_err(|error| error.to_string())?;
    if label.contains("ENCRYPTED") {
        return pkcs8(&bytes, phrase);
    }
    let info = heads.iter().find_map(|head| head.strip_prefix("DEK-Info:")).ok_or("no DEK-Info")?;
    let (cipher, salt) = info.trim().split_once(',').ok_or("no salt in DEK-Info")?;
    let plain = traditional(cipher, &hex(salt)?, bytes, phrase)?;
    match label {
        label if label.contains("RSA") => Ok(PrivatePkcs1KeyDer::from(plain).into()),
        label if label.contains("EC") => Ok(PrivateSec1KeyDer::from(plain).into()),
        _ => Err(format!("keys of the form {label} are not supported")),
    }
}

fn pkcs8(der: &[u8], phrase: &Phrase) -> Result<PrivateKeyDer<'static>, String> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|error| error.to_string())?;
    let plain = info.decrypt(phrase.reveal()).map_err(|_| WRONG.to_owned())?;
    Ok(PrivatePkcs8KeyDer::from(plain.as_bytes().to_vec()).into())
}

fn traditional(cipher: &str, iv: &[u8], bytes: Vec<u8>, phrase: &Phrase) -> Result<Vec<u8>, String> {
    let salt = iv.get(..8).ok_or("a salt that is too short")?;
    let key = |length| key(phrase.reveal().as_bytes(), salt, length);
    match cipher {
        "AES-128-CBC" => plain(Decryptor::<Aes128>::new_from_slices(&key(16), iv), &bytes),
        "AES-192-CBC" => plain(Decryptor::<Aes192>::new_from_slices(&key(24), iv), &bytes),
        "AES-256-CBC" => plain(Decryptor::<Aes256>::new_from_slices(&key(32), iv), &bytes),
        "DES-EDE3-CBC" => plain(Decryptor::<TdesEde3>::new_from_slices(&key(24), iv), &bytes),
        _ => Err(format!(
            "the cipher {cipher} of DEK-Info is not supported; convert the key with: openssl pkcs8 -topk8 -v2 aes-256-cbc"
        )),
    }
}

fn plain<D: BlockModeDecrypt, E>(decryptor: Result<D, E>, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let decryptor = decryptor.map_err(|_| "a salt of the wrong length".to_owned())?;
    decryptor.decrypt_padded_vec::<Pkcs7>(bytes).map_err(|_| WRONG.to_owned())
}

/// OpenSSL's EVP_BytesToKey with MD5 and one round.
fn key(phrase: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let (mut key, mut last) = (Vec::new(), Vec::new());
    while key.len() < length {
        let mut digest = Md5::new();
        digest.update(&last);
        digest.update(phrase);
        digest.update(salt);
        last = digest.finalize().to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.trim().as_bytes().chunks_exact(2);
    let bytes = pairs.map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    bytes.collect::<Option<Vec<u8>>>().ok_or_else(|| "a salt that is not in hex".to_owned())
}
