//! `<Directory>` sections, and how to find the innermost one for a path. A section covers
//! its folder and everything below. A wildcard matches within one component, so `/srv/*`
//! covers the contents of /srv, but not /srv itself.

mod patterns;

use std::collections::HashMap;
use std::ops::Deref;
use std::path::Path;

use gantry_api::proto::glob;

use crate::scope::Scope;
use patterns::Patterns;

/// A `<Directory>` section.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    /// Its path as written; may contain wildcards, a leading `~` and `%u`.
    pub path: String,
    /// Its scope: the settings of the server (or `<Anonymous>`), then those of each
    /// enclosing `<Directory>`, innermost last, then its own.
    pub scope: Scope,
}

/// The `<Directory>` sections of a server or an `<Anonymous>`, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Directories {
    list: Vec<Directory>,
    table: DirectoryTable,
}

impl Directories {
    pub(crate) fn new(list: Vec<Directory>) -> Self {
        let table = DirectoryTable::new(list.iter().map(|directory| fixed(&directory.path)));
        Self { list, table }
    }

    /// The innermost section for a resolved path, without those whose path depends on
    /// the user.
    pub fn find(&self, real_path: &Path) -> Option<&Directory> {
        self.list.get(self.table.find(real_path)?)
    }

    /// The table for a user who logs in: `expand` turns a written path (`~`, `~ftp`,
    /// `%u`, relative ones in `<Anonymous>`) into an absolute one, or leaves it out. The
    /// table's numbers are indexes into this list.
    pub fn table(&self, expand: impl Fn(&str) -> Option<String>) -> DirectoryTable {
        DirectoryTable::new(self.list.iter().map(|directory| expand(&directory.path)))
    }
}

impl Deref for Directories {
    type Target = [Directory];

    fn deref(&self) -> &[Directory] {
        &self.list
    }
}

/// Finds the innermost of some folders and patterns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DirectoryTable {
    /// Folders without wildcards, with their numbers in order.
    folders: HashMap<String, Vec<usize>>,
    patterns: Patterns,
}

/// The rank of a section: its depth, whether it has no wildcards, and its place in the
/// file.
type Closeness = (usize, bool, usize);

impl DirectoryTable {
    pub(crate) fn new(paths: impl Iterator<Item = Option<String>>) -> Self {
        let mut table = Self::default();
        for (number, path) in paths.enumerate() {
            if let Some(path) = path {
                table.add(&path, number);
            }
        }
        table
    }

    /// The number of the innermost section for a path.
    pub fn find(&self, path: &Path) -> Option<usize> {
        self.covering(&path.to_string_lossy()).max().map(|(_, _, number)| number)
    }

    /// The numbers of all sections that cover a path, innermost last.
    pub(crate) fn enclosing(&self, path: &str) -> Vec<usize> {
        let mut found: Vec<Closeness> = self.covering(path).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, _, number)| number).collect()
    }

    fn add(&mut self, path: &str, number: usize) {
        let components: Vec<String> = components(path).map(str::to_owned).collect();
        match glob::is_pattern(path.as_bytes()) {
            true => self.patterns.add(&components, number),
            false => self.folders.entry(components.join("/")).or_default().push(number),
        }
    }

    fn covering(&self, path: &str) -> impl Iterator<Item = Closeness> {
        let components: Vec<&str> = components(path).collect();
        let joined = components.join("/");
        let mut found = Vec::new();
        let mut end = 0;
        for depth in 0..=components.len() {
            let folder = joined.get(..end).unwrap_or(&joined);
            let here = self.folders.get(folder).into_iter().flatten();
            found.extend(here.map(|number| (depth, true, *number)));
            end += components.get(depth).map_or(0, |next| next.len() + usize::from(depth > 0));
        }
        let patterns = self.patterns.covering(&components).into_iter();
        found.extend(patterns.map(|(depth, number)| (depth, false, number)));
        found.into_iter()
    }
}

/// Whether a path is the same for all users.
pub(crate) fn fixed(path: &str) -> Option<String> {
    (path.starts_with('/') && !path.contains("%u")).then(|| path.to_owned())
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|component| !component.is_empty() && *component != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(paths: &[&str]) -> DirectoryTable {
        DirectoryTable::new(paths.iter().map(|path| fixed(path)))
    }

    #[test]
    fn the_closest_folder_is_found_at_component_boundaries() {
        let table = table(&["/", "/srv/ftp", "/srv/ftp/in/", "~/x"]);
        let find = |path: &str| table.find(Path::new(path));
        assert_eq!(find("/"), Some(0));
        assert_eq!(find("/srv/ftpx"), Some(0));
        assert_eq!(find("/srv/ftp"), Some(1));
        assert_eq!(find("/srv/ftp/index"), Some(1));
        assert_eq!(find("/srv/ftp//in/a/b"), Some(2));
    }

    #[test]
    fn a_wildcard_matches_one_component_and_not_its_parent() {
        let table = table(&["/srv/*", "/srv/*/in", "/srv/a"]);
        let find = |path: &str| table.find(Path::new(path));
        assert_eq!(find("/srv"), None);
        assert_eq!(find("/srv/b/c"), Some(0));
        assert_eq!(find("/srv/a/c"), Some(2));
        assert_eq!(find("/srv/a/in/c"), Some(1));
        assert_eq!(find("/srv/a/b/in"), Some(2));
    }

    #[test]
    fn a_later_section_of_the_same_path_is_closer() {
        assert_eq!(table(&["/a", "/a"]).find(Path::new("/a/b")), Some(1));
        assert_eq!(table(&["/a", "/a"]).enclosing("/a"), [0, 1]);
    }
}
