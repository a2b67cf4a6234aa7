//! mod_auth_file's directives.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use gantry_api::Value;
use gantry_api::prelude::*;
use gantry_sys::as_daemon;

use crate::safety::Readers;

settings! {
    /// The settings of one server.
    #[derive(Debug, Clone)]
    pub(crate) struct Settings {
        /// A file of users in the format of passwd(5), `name:hash:uid:gid:gecos:home:shell`, with crypt(5) hashes. A
        /// changed file is read again. The file must not be world-readable or world-writable, and its folder not
        /// world-writable.
        pub(crate) users: Option<PathBuf> = AuthUserFile "path" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: file;
        /// A file of groups in the format of group(5): `name:password:gid:member,member`. The rules of AuthUserFile
        /// apply.
        pub(crate) groups: Option<PathBuf> = AuthGroupFile "path" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: file;
        /// `InsecurePerms` allows world-readable files.
        pub(crate) options: Vec<String> = AuthFileOptions "option ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: options;
    }
}

impl Settings {
    /// Whether others may read the files.
    pub(crate) fn readers(&self) -> Readers {
        match self.options.iter().any(|option| option.eq_ignore_ascii_case(INSECURE)) {
            true => Readers::Anybody,
            false => Readers::NotTheWorld,
        }
    }
}

const INSECURE: &str = "InsecurePerms";

fn file(words: &[&str]) -> std::result::Result<Value, ParseError> {
    match words {
        [_, filter, ..] if ["id", "name", "home"].contains(filter) => {
            Err(ParseError::new(format!("the filter '{filter}' is not supported yet")).at(filter))
        }
        words => {
            let value = parse::path(words)?;
            if let Value::Text(path) = &value {
                let unusable = |reason| ParseError::new(format!("unable to use '{path}': {reason}")).at(path);
                usable(Path::new(path)).map_err(unusable)?;
            }
            Ok(value)
        }
    }
}

/// Checks that the file exists and the daemon can read it, so that an error names the
/// line. Its safety and contents are checked when the module starts.
fn usable(path: &Path) -> std::result::Result<(), ParseError> {
    let words = |error: io::Error| ParseError::from(error.to_string().split(" (os error").next().unwrap_or_default());
    if !as_daemon(|| fs::metadata(path)).map_err(words)?.is_file() {
        return Err("it is not a regular file".into());
    }
    as_daemon(|| File::open(path)).map(drop).map_err(words)
}

fn options(words: &[&str]) -> std::result::Result<Value, ParseError> {
    match words.iter().find(|word| !word.eq_ignore_ascii_case(INSECURE)) {
        Some(other) => Err(ParseError::new(format!("unknown AuthFileOption: '{other}'")).at(other)),
        None => parse::words(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_refused_by_name() {
        assert_eq!(file(&["/etc/passwd"]), Ok(Value::from("/etc/passwd")));
        let refused = |words: &[&str]| file(words).unwrap_err().to_string();
        assert_eq!(refused(&["/nowhere/users"]), "unable to use '/nowhere/users': No such file or directory");
        assert!(refused(&["/etc"]).contains("not a regular file"));
        assert!(refused(&["/etc/users", "id", "1-2"]).contains("'id'"));
        assert!(file(&["users"]).is_err() && file(&["/a", "/b"]).is_err() && file(&[]).is_err());
        assert!(options(&["insecureperms"]).is_ok() && options(&["SyntaxCheck"]).is_err());
    }
}
