//! Where a session starts: DefaultRoot, DefaultChdir and the account's home.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use gantry_api::{Account, VirtualPath};

use crate::settings::{Folder, Settings};

impl Settings {
    /// The root of the account's session, a folder of the host; `/` if no DefaultRoot matches.
    pub(crate) fn root_of(&self, account: &Account) -> PathBuf {
        match fitting(&self.roots, account) {
            Some(folder) => on_host(&folder.path, account),
            None => PathBuf::from("/"),
        }
    }

    /// The candidates for the session's first folder, inside the root; the first that can be entered is used. The root
    /// itself is a last resort unless it is `/`; there a missing home prevents the login, as in ProFTPD.
    pub(crate) fn beginnings(&self, account: &Account, root: &Path) -> Vec<VirtualPath> {
        self.beginnings_of(account, root, self.beginnings.len())
    }

    /// The same for a section. Its first `of_server` lines belong to the server, and count only if
    /// none of its own lines matches.
    pub(crate) fn beginnings_of(&self, account: &Account, root: &Path, of_server: usize) -> Vec<VirtualPath> {
        let (outer, own) = self.beginnings.split_at(of_server.min(self.beginnings.len()));
        let wanted = fitting(own, account).or_else(|| fitting(outer, account));
        let wanted = wanted.map(|folder| on_host(&folder.path, account));
        let wanted = wanted.map(|path| inside(&path, root).unwrap_or_else(|| virtual_path(&path)));
        let home = match inside(&account.home, root) {
            Some(home) => vec![home],
            None => vec![VirtualPath::root()],
        };
        let resort = (root != Path::new("/")).then(VirtualPath::root);
        let mut all: Vec<_> = wanted.into_iter().chain(home).chain(resort).collect();
        all.dedup();
        all
    }
}

/// The root of an `<Anonymous>` as a path of the host; `home` returns the home of the account or of
/// another user (`~name`). `None` if there is no such home.
pub(crate) fn anonymous_root(path: &str, home: impl FnOnce(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let Some(path) = path.strip_prefix('~') else { return Some(path.into()) };
    let (name, below) = path.split_once('/').unwrap_or((path, ""));
    let home = home(name).filter(|home| home.is_absolute())?;
    Some(home.join(below.trim_start_matches('/')))
}

fn fitting<'a>(folders: &'a [Folder], account: &Account) -> Option<&'a Folder> {
    folders.iter().find(|folder| folder.groups.fits(account))
}

/// A configured path as a path of the host: `~` is the home, and a relative path is relative to it.
fn on_host(path: &str, account: &Account) -> PathBuf {
    let home = if account.home.as_os_str().is_empty() { Path::new("/") } else { &account.home };
    let path = path.replace("%u", &single(&account.name));
    match path.strip_prefix('~') {
        Some(rest) => home.join(rest.trim_start_matches('/')),
        None => home.join(path),
    }
}

/// A name as one component of a path, made safe.
pub(crate) fn single(name: &str) -> String {
    match name {
        "." | ".." => "_".to_owned(),
        name => name.replace('/', "_"),
    }
}

/// A path of the host as seen inside the root; `None` if it is not below the root.
fn inside(path: &Path, root: &Path) -> Option<VirtualPath> {
    let climbs = path.components().any(|part| part == Component::ParentDir);
    let rest = path.strip_prefix(root).ok().filter(|_| !climbs)?;
    Some(virtual_path(rest))
}

fn virtual_path(path: &Path) -> VirtualPath {
    VirtualPath::root().join(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use gantry_api::settings::of_values;
    use gantry_api::{Group, Value};

    use super::*;

    fn account(home: &str) -> Account {
        let groups = vec![Group { name: "staff".into(), gid: 5 }];
        Account { name: "a/../n".into(), uid: 1, gid: 5, groups, home: home.into(), shell: String::new(), secret: None }
    }

    fn settings(directive: &str, folders: &[(&str, &str)]) -> Settings {
        let entry = |(path, groups): &(&str, &str)| {
            Value::Map(vec![("path".into(), Value::from(*path)), ("groups".into(), Value::from(*groups))])
        };
        of_values([(directive, Value::List(folders.iter().map(entry).collect()))]).unwrap()
    }

    #[test]
    fn the_first_root_that_fits_counts() {
        let settings = settings("DefaultRoot", &[("/srv", "guests"), ("~/www", "staff"), ("/never", "")]);
        assert_eq!(settings.root_of(&account("/home/ann")), Path::new("/home/ann/www"));
        assert_eq!(self::settings("DefaultRoot", &[]).root_of(&account("/home/ann")), Path::new("/"));
        let named = self::settings("DefaultRoot", &[("/srv/%u", "")]);
        assert_eq!(named.root_of(&account("/")), Path::new("/srv/a_.._n"));
    }

    #[test]
    fn an_anonymous_root_may_begin_at_a_home() {
        let home = |name: &str| (name == "ftp" || name.is_empty()).then(|| PathBuf::from(format!("/srv/{name}")));
        let root = |path: &str| anonymous_root(path, home).map(|root| root.display().to_string());
        assert_eq!(root("/var/ftp").as_deref(), Some("/var/ftp"));
        assert_eq!(root("~ftp").as_deref(), Some("/srv/ftp/"));
        assert_eq!(root("~ftp/pub").as_deref(), Some("/srv/ftp/pub"));
        assert_eq!(root("~/pub").as_deref(), Some("/srv/pub"));
        assert_eq!(root("~nobody"), None);
        assert_eq!(anonymous_root("~x", |_| Some(PathBuf::new())), None);
    }

    #[test]
    fn sessions_begin_at_home_as_the_root_shows_it() {
        let shown = |settings: &Settings, home: &str, root: &str| {
            let all = settings.beginnings(&account(home), Path::new(root));
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let none = settings("DefaultChdir", &[]);
        assert_eq!(shown(&none, "/home/ann", "/home/ann"), ["/"]);
        assert_eq!(shown(&none, "/home/ann", "/home"), ["/ann", "/"]);
        assert_eq!(shown(&none, "/home/ann", "/"), ["/home/ann"]);
        assert_eq!(shown(&none, "/home/ann", "/srv"), ["/"]);
        assert_eq!(shown(&none, "/home/../etc", "/home"), ["/"]);
        let some = settings("DefaultChdir", &[("pub", "staff")]);
        assert_eq!(shown(&some, "/home/ann", "/home/ann"), ["/pub", "/"]);
        assert_eq!(shown(&settings("DefaultChdir", &[("/pub", "")]), "/home/ann", "/home/ann"), ["/pub", "/"]);
    }
}
