//! The file of tokens: reads its users and checks their tokens. A file that has errors or
//! is accessible to others is refused as a whole.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The users of one file.
#[derive(Debug, Default)]
pub struct Tokens {
    users: HashMap<String, User>,
}

/// A user.
#[derive(Debug, PartialEq, Eq)]
pub struct User {
    digest: [u8; 32],
    /// The user id for file access.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
    /// The home folder.
    pub home: PathBuf,
}

impl User {
    /// Whether a token is this user's.
    pub fn has(&self, token: &[u8]) -> bool {
        let found: [u8; 32] = Sha256::digest(token).into();
        // Takes the same time wherever they differ.
        found.iter().zip(&self.digest).fold(0, |differences, (one, other)| differences | (one ^ other)) == 0
    }
}

impl Tokens {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, others may read it, or a line is faulty. The message names
    /// file, line and fault, but shows no digest.
    pub fn read(path: &Path) -> Result<Self, String> {
        let failed = |what: String| format!("{}: {what}", path.display());
        let io = |error: std::io::Error| failed(error.to_string());
        // The file is opened once, so the checked file is the one that is read.
        let mut file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(failed("it is not a regular file".to_owned()));
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(failed("users other than its owner can read or write it; chmod 600 the file".to_owned()));
        }
        let mut text = String::new();
        let count = file.by_ref().take(LARGEST + 1).read_to_string(&mut text).map_err(io)?;
        if count as u64 > LARGEST {
            return Err(failed(format!("it has more than {LARGEST} bytes")));
        }
        Self::parse(&text).map_err(failed)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Self::default();
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, user) = entry(line).map_err(|fault| format!("line {number}: {fault}"))?;
            if tokens.users.insert(name.to_owned(), user).is_some() {
                return Err(format!("line {number}: '{name}' appears twice"));
            }
        }
        Ok(tokens)
    }

    /// The user with a name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// The number of users.
    pub fn len(&self) -> usize {
        self.users.len()
    }
}

fn entry(line: &str) -> Result<(&str, User), &'static str> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, digest, uid, gid, home] = fields[..] else { return Err("expected user:digest:uid:gid:home") };
    if name.is_empty() {
        return Err("the user has no name");
    }
    if !home.starts_with('/') {
        return Err("the home folder is not an absolute path");
    }
    let user = User {
        digest: unhex(digest).ok_or("the digest is not 64 hexadecimal digits")?,
        uid: uid.parse().map_err(|_| "the uid is not a number")?,
        gid: gid.parse().map_err(|_| "the gid is not a number")?,
        home: home.into(),
    };
    Ok((name, user))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        let digit = |at: usize| char::from(text.as_bytes()[at]).to_digit(16);
        *byte = u8::try_from(digit(2 * at)? * 16 + digit(2 * at + 1)?).ok()?;
    }
    Some(bytes)
}

const LARGEST: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    /// The digest of the token `sesame`.
    const SESAME: &str = "d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272";

    #[test]
    fn a_token_is_known_by_its_digest() {
        let tokens = Tokens::parse(&format!("# users\n\nann:{SESAME}:7:8:/srv\n")).unwrap();
        let ann = tokens.user("ann").unwrap();
        assert_eq!((ann.uid, ann.gid, ann.home.as_path(), tokens.len()), (7, 8, Path::new("/srv"), 1));
        assert!(ann.has(b"sesame") && !ann.has(b"Sesame") && !ann.has(b"") && !ann.has(SESAME.as_bytes()));
        assert!(tokens.user("bob").is_none());
    }

    #[test]
    fn faults_are_reported_with_their_line() {
        for (line, fault) in [
            ("ann", "expected user:digest:uid:gid:home".to_owned()),
            ("ann:00:7:8:/srv", "the digest is not 64 hexadecimal digits".to_owned()),
            (&format!("ann:{}:7:8:/srv", "é".repeat(32)), "the digest is not 64 hexadecimal digits".to_owned()),
            (&format!("ann:{SESAME}:-1:8:/srv"), "the uid is not a number".to_owned()),
            (&format!("ann:{SESAME}:7:8:srv"), "the home folder is not an absolute path".to_owned()),
            (&format!(":{SESAME}:7:8:/srv"), "the user has no name".to_owned()),
        ] {
            assert_eq!(Tokens::parse(&format!("#\n{line}\n")).unwrap_err(), format!("line 2: {fault}"));
        }
        let twice = format!("a:{SESAME}:1:1:/\na:{SESAME}:1:1:/\n");
        assert_eq!(Tokens::parse(&twice).unwrap_err(), "line 2: 'a' appears twice");
    }

    #[test]
    fn a_file_that_is_open_to_others_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("ann:{SESAME}:7:8:/srv\n")).unwrap();
        for (mode, sound) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(Tokens::read(file.path()).is_ok(), sound, "{mode:o}");
        }
        assert!(Tokens::read(Path::new("/")).unwrap_err().contains("not a regular file"));
    }
}
