//! Where a path of the host leads, link by link, also where it is not there yet: for paths of the configuration, whose
//! folders must be known by every name. Paths of clients are resolved by [`crate::Root`].

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// Where a path leads.
#[derive(Debug)]
pub struct Resolution {
    /// The path without links. What is not there, or cannot be looked at, is in it as written.
    pub path: PathBuf,
    /// For each link on the way, the path by which it was reached and what was left to go: as long as the links are what
    /// they are, these lead to the same place.
    pub by_links: Vec<PathBuf>,
    /// Those links, by their own paths: who may write to their folders decides where the path leads.
    pub links: Vec<PathBuf>,
    /// The first folder that could not be looked at, and why; none where all is known, or nothing is there.
    pub unknown: Option<(PathBuf, io::Error)>,
}

const WORLD_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

impl Resolution {
    /// The first folder on the way in which anyone may replace a name; in a sticky one only a name's owner may. Each link can
    /// be replaced where it is, and the file where it really is.
    ///
    /// # Errors
    /// A folder cannot be looked at; the text names it.
    pub fn open_folder(&self) -> io::Result<Option<&Path>> {
        for folder in self.links.iter().chain([&self.path]).flat_map(|path| path.ancestors().skip(1)) {
            let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
            let mode = fs::metadata(folder).map_err(named)?.mode();
            if mode & WORLD_WRITES != 0 && mode & STICKY == 0 {
                return Ok(Some(folder));
            }
        }
        Ok(None)
    }
}

/// Resolves an absolute path under the thread's credentials.
#[must_use]
pub fn resolve(path: &Path) -> Resolution {
    let mut at = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = steps(path).collect();
    let (mut by_links, mut links) = (Vec::new(), Vec::new());
    while let Some(step) = rest.pop_front() {
        if step == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&step);
        let link = match fs::symlink_metadata(&next) {
            Ok(found) if !found.is_symlink() => {
                at = next;
                continue;
            }
            Ok(_) if by_links.len() >= MOST_LINKS => Err(Errno::LOOP.into()),
            Ok(_) => fs::read_link(&next),
            Err(error) => Err(error),
        };
        match link {
            Ok(target) => {
                by_links.push(by_letters(next.clone(), &rest));
                links.push(next);
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                let target: Vec<OsString> = steps(&target).collect();
                target.into_iter().rev().for_each(|step| rest.push_front(step));
            }
            Err(error) => {
                let is_missing = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
                let unknown = (!is_missing).then(|| (next.clone(), error));
                return Resolution { path: by_letters(next, &rest), by_links, links, unknown };
            }
        }
    }
    Resolution { path: at, by_links, links, unknown: None }
}

fn steps(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

fn by_letters(mut at: PathBuf, rest: &VecDeque<OsString>) -> PathBuf {
    for step in rest {
        if step == ".." {
            at.pop();
        } else {
            at.push(step);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        fs::create_dir_all(path.join("data/in")).unwrap();
        symlink("data", path.join("link")).unwrap();
        symlink(path.join("link/in"), path.join("second")).unwrap();
        symlink("loop", path.join("loop")).unwrap();
        (folder, path)
    }

    #[test]
    fn links_are_followed_and_remembered() {
        let (_folder, path) = folder();
        let found = resolve(&path.join("second/x"));
        assert_eq!(found.path, path.join("data/in/x"));
        assert_eq!(found.by_links, [path.join("second/x"), path.join("link/in/x")]);
        assert_eq!(found.links, [path.join("second"), path.join("link")]);
        assert!(found.unknown.is_none());
        assert_eq!(resolve(&path.join("second/../../link")).path, path.join("data"));
        assert_eq!(resolve(Path::new("/../.")).path, Path::new("/"));
    }

    #[test]
    fn whoever_may_replace_a_link_or_the_file_is_known() {
        let (_folder, path) = folder();
        let open = |folder: &str, mode| {
            fs::set_permissions(path.join(folder), fs::Permissions::from_mode(mode)).unwrap();
            let found = resolve(&path.join("second/x"));
            let open = found.open_folder().unwrap().map(Path::to_owned);
            fs::set_permissions(path.join(folder), fs::Permissions::from_mode(0o755)).unwrap();
            open
        };
        assert_eq!(open("data/in", 0o775), None);
        assert_eq!(open("data/in", 0o777), Some(path.join("data/in")));
        assert_eq!(open("data", 0o777), Some(path.join("data")));
        assert_eq!(open("", 0o777), Some(path.clone()));
        assert_eq!(open("data/in", 0o1777), None);
    }

    #[test]
    fn a_folder_that_cannot_be_looked_at_is_an_error() {
        let (_folder, path) = folder();
        let error = resolve(&path.join("data/none/x")).open_folder().unwrap_err();
        assert!(error.to_string().contains("data/none: "), "{error}");
    }

    #[test]
    fn what_is_not_there_is_as_written() {
        let (_folder, path) = folder();
        let found = resolve(&path.join("link/new/../newer/[x]"));
        assert_eq!((found.path, found.unknown.is_none()), (path.join("data/newer/[x]"), true));
    }

    #[test]
    fn what_cannot_be_looked_at_is_told() {
        let (_folder, path) = folder();
        let found = resolve(&path.join("loop/x"));
        assert_eq!(found.path, path.join("loop/x"));
        assert_eq!(found.unknown.map(|(at, _)| at), Some(path.join("loop")));
        if rustix::process::geteuid().is_root() {
            return;
        }
        fs::set_permissions(path.join("data"), fs::Permissions::from_mode(0o000)).unwrap();
        let found = resolve(&path.join("link/in/x"));
        assert_eq!(found.unknown.map(|(at, _)| at), Some(path.join("data/in")));
        fs::set_permissions(path.join("data"), fs::Permissions::from_mode(0o700)).unwrap();
    }
}
