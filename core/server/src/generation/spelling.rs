//! The paths of a `<Directory>`'s folder: as the configuration writes it, and with links resolved.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gantry_api::Account;
use gantry_api::log::Level;
use gantry_api::proto::glob;
use gantry_api::proto::text::Escaped;
use gantry_config::Spellings;
use gantry_sys::resolve::{Resolution, resolve};
use gantry_sys::users::User;

use crate::log::say;

/// The account for which paths are resolved.
#[derive(Clone, Copy)]
pub struct Holder<'a> {
    /// The account that logs in.
    pub account: &'a Account,
    /// Its root, with links resolved.
    pub root: &'a Path,
    /// Whether the paths are the host's. Those of a module's store have no links.
    pub on_host: bool,
}

/// The paths of a section's folder; `None` if the section names no folder for this account. Links
/// are followed with the thread's credentials.
pub fn spelled(written: &str, holder: Holder<'_>) -> Option<Spellings> {
    let pattern = expanded(written, holder)?;
    let mut spellings = Spellings::of(pattern.clone());
    if !holder.on_host {
        return Some(spellings);
    }
    let (head, tail) = split(&pattern);
    let found = resolved(&glob::unescaped(head));
    add(&mut spellings, &found, tail);
    if !tail.is_empty() {
        // A folder's real name may contain wildcards.
        add(&mut spellings, &resolved(&pattern), b"");
    }
    if let Some((at, error)) = found.unknown {
        // A user who may not look there cannot get there either.
        if error.kind() != ErrorKind::PermissionDenied {
            let (place, name) = (Escaped(at.as_os_str().as_bytes()), &holder.account.name);
            let what = format_args!("<Directory {written}>: {place}: {error}; {name} is refused everything below it");
            say(Level::Warn, what);
        }
        spellings.refused = Some(at.into_os_string().into_encoded_bytes());
    }
    Some(spellings)
}

fn resolved(path: &[u8]) -> Resolution {
    resolve(Path::new(OsStr::from_bytes(path)))
}

/// Adds the paths that were found, each followed by the rest of the pattern.
fn add(spellings: &mut Spellings, found: &Resolution, tail: &[u8]) {
    for path in found.by_links.iter().chain([&found.path]) {
        let mut path = literal(path.as_os_str().as_bytes());
        if !tail.is_empty() {
            path.push(b'/');
            path.extend_from_slice(tail);
        }
        if !spellings.patterns.contains(&path) {
            spellings.patterns.push(path);
        }
    }
}

/// The pattern of a `<Directory>`'s folder for an account; `None` if it names no folder. The
/// account's values match literally, whatever characters they have.
fn expanded(written: &str, holder: Holder<'_>) -> Option<Vec<u8>> {
    let Holder { account, root, .. } = holder;
    let path = |path: &Path| literal(path.as_os_str().as_bytes());
    let (mut whole, below) = match written.strip_prefix('~') {
        Some("") => (path(&account.home), ""),
        Some(below) if below.starts_with('/') => (path(&account.home), below),
        Some(below) => {
            let (name, below) = below.split_once('/').unwrap_or((below, ""));
            (path(&User::by_name(name).ok().flatten()?.home), below)
        }
        None if written.starts_with('/') => (Vec::new(), written),
        None => (path(root), written),
    };
    // An invalid name cannot be part of a path.
    if below.contains("%u") && (matches!(&*account.name, "" | "." | "..") || account.name.contains(['/', '\0'])) {
        return None;
    }
    whole.push(b'/');
    let name = literal(account.name.as_bytes());
    for (at, part) in below.split("%u").enumerate() {
        if at > 0 {
            whole.extend_from_slice(&name);
        }
        whole.extend_from_slice(part.as_bytes());
    }
    Some(whole)
}

/// Splits a pattern: the components before the first one with wildcards, and the rest.
fn split(pattern: &[u8]) -> (&[u8], &[u8]) {
    let mut begin = 0;
    for component in pattern.split(|byte| *byte == b'/') {
        if glob::is_pattern(component) {
            return (pattern.get(..begin).unwrap_or_default(), pattern.get(begin..).unwrap_or_default());
        }
        begin += component.len() + 1;
    }
    (pattern, b"")
}

/// A pattern that matches only this path.
fn literal(path: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(path.len());
    for byte in path {
        if matches!(byte, b'*' | b'?' | b'[' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn account(name: &str, home: &str) -> Account {
        let (name, home) = (name.into(), home.into());
        Account { name, uid: 1, gid: 1, home, shell: "".into(), groups: Vec::new(), secret: None }
    }

    fn expanded_for(written: &str, name: &str, home: &str) -> Option<String> {
        let account = account(name, home);
        let holder = Holder { account: &account, root: Path::new("/srv/ftp[1]"), on_host: true };
        expanded(written, holder).map(|path| String::from_utf8(path).unwrap())
    }

    #[test]
    fn what_comes_from_the_account_stands_for_itself() {
        assert_eq!(expanded_for("~/[ab]/%u", "b*b", "/home/[x]/%u").unwrap(), r"/home/\[x]/%u//[ab]/b\*b");
        assert_eq!(expanded_for("in", "bob", "/").unwrap(), r"/srv/ftp\[1]/in");
        let root = User::by_name("root").unwrap().unwrap();
        assert_eq!(expanded_for("~root/x", "bob", "/").unwrap(), format!("{}/x", root.home.display()));
        assert_eq!(expanded_for("~no-such-user/x", "bob", "/"), None);
        for name in ["", ".", "..", "a/b", "a\0b"] {
            assert_eq!(expanded_for("/srv/%u/x", name, "/"), None, "{name:?}");
            assert!(expanded_for("/srv/x", name, "/").is_some());
        }
    }

    #[test]
    fn all_ways_to_a_folder_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        fs::create_dir_all(path.join("data/[x]")).unwrap();
        symlink("data", path.join("link")).unwrap();
        let shown = path.display();
        let account = account("bob", "/");
        let all = |end: &str, on_host| {
            let holder = Holder { account: &account, root: &path, on_host };
            let found = spelled(&format!("{shown}/{end}"), holder).unwrap();
            found.patterns.into_iter().map(|path| String::from_utf8(path).unwrap()).collect::<Vec<_>>()
        };
        let whole = |ends: &[&str]| ends.iter().map(|end| format!("{shown}/{end}")).collect::<Vec<_>>();
        assert_eq!(all("link/new", true)[1..], whole(&["link/new", "data/new"]));
        assert_eq!(all("link/*/in", true)[1..3], whole(&["link/*/in", "data/*/in"]));
        assert!(all("link/[x]", true).contains(&format!(r"{shown}/data/\[x]")));
        assert_eq!(all("link/new", false).len(), 1);
    }

    #[test]
    fn what_cannot_be_found_out_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        symlink("loop", path.join("loop")).unwrap();
        let account = account("bob", "/");
        let holder = Holder { account: &account, root: &path, on_host: true };
        let found = spelled(&format!("{}/loop/in", path.display()), holder).unwrap();
        assert_eq!(found.refused, Some(path.join("loop").into_os_string().into_encoded_bytes()));
    }
}
