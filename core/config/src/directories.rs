//! `<Directory>` sections, and how to find the innermost one for a path. A section covers
//! its folder and everything below. A wildcard matches within one component, so `/srv/*`
//! covers the contents of /srv, but not /srv itself.

mod patterns;

use std::collections::HashMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use gantry_api::proto::glob;

use crate::layers::{Layer, Layers};
use crate::scope::Scope;
use patterns::Patterns;

/// A `<Directory>` section by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// As written; may hold wildcards, a leading `~` and `%u`, and be relative in an
    /// `<Anonymous>`.
    pub path: String,
    /// What stands in it.
    pub layer: Arc<Layer>,
}

/// A `<Directory>` section with what it inherits.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    /// As written.
    pub path: String,
    /// The server's (or `<Anonymous>`'s), then those of each `<Directory>` that
    /// encloses it, the closest last, then its own.
    pub layers: Layers,
}

impl Directory {
    /// What holds in it; merged anew each time.
    pub fn scope(&self) -> Scope {
        self.layers.scope()
    }
}

/// The `<Directory>` sections of a server or an `<Anonymous>`, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Directories {
    outer: Layers,
    /// Where relative paths begin, as written.
    root: Option<String>,
    parts: Vec<Part>,
    list: Vec<Directory>,
    table: Arc<DirectoryTable>,
}

/// Sections as they lie for one who has logged in.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Finds them by their numbers.
    pub table: Arc<DirectoryTable>,
    /// What makes the scope of each; none where that is the same for everybody, as
    /// the sections themselves have it.
    pub layers: Option<Vec<Layers>>,
}

impl Directories {
    /// The sections within `outer`. Relative paths begin at `root`.
    pub(crate) fn new(outer: &Layers, parts: Vec<Part>, root: Option<&str>) -> Self {
        let root = root.map(str::to_owned);
        let whole = |part: &Part| match &root {
            Some(root) if !part.path.starts_with(['/', '~']) => format!("{}/{}", root.trim_end_matches('/'), part.path),
            _ => part.path.clone(),
        };
        let whole: Vec<Option<String>> = parts.iter().map(|part| Some(whole(part))).collect();
        let (_, layers) = within(outer, &parts, whole);
        let merged = parts.iter().zip(layers);
        let list = merged.map(|(part, layers)| Directory { path: part.path.clone(), layers });
        let table = Arc::new(DirectoryTable::new(parts.iter().map(|part| fixed(&part.path))));
        Self { outer: outer.clone(), root, list: list.collect(), parts, table }
    }

    /// The same sections, and others behind them, within other layers.
    #[must_use]
    pub fn onto(&self, outer: &Layers, others: &[Part]) -> Self {
        let parts = self.parts.iter().chain(others).cloned().collect();
        Self::new(outer, parts, self.root.as_deref())
    }

    /// The innermost section for a resolved path, without those whose path depends on
    /// the user.
    pub fn find(&self, real_path: &Path) -> Option<&Directory> {
        self.list.get(self.table.find(real_path)?)
    }

    /// The sections for one who logs in: `expand` makes absolute paths of written
    /// ones (`~`, `~ftp`, `%u`, relative ones of `<Anonymous>`).
    ///
    /// # Errors
    /// The path of which it makes none: what that section protects is not known.
    pub fn placed(&self, expand: impl Fn(&str) -> Option<String>) -> Result<Placed, &str> {
        if self.parts.iter().all(|part| fixed(&part.path).is_some()) {
            return Ok(Placed { table: self.table.clone(), layers: None });
        }
        let expanded = self.parts.iter().map(|part| expand(&part.path).map(Some).ok_or(part.path.as_str()));
        let (table, layers) = within(&self.outer, &self.parts, expanded.collect::<Result<_, _>>()?);
        Ok(Placed { table: Arc::new(table), layers: Some(layers) })
    }
}

/// The table of some sections, whose paths are given, and the layers of each.
fn within(outer: &Layers, parts: &[Part], paths: Vec<Option<String>>) -> (DirectoryTable, Vec<Layers>) {
    let table = DirectoryTable::new(paths.iter().cloned());
    let layers = parts.iter().zip(&paths).enumerate().map(|(number, (part, path))| {
        let enclosing = table.enclosing(path.as_deref().unwrap_or_default()).into_iter();
        let around = enclosing.take_while(|other| *other != number).filter_map(|other| parts.get(other));
        around.fold(outer.clone(), |layers, other| layers.with(&other.layer)).with(&part.layer)
    });
    let layers = layers.collect();
    (table, layers)
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
        // A backslash takes a wildcard's meaning away, and is no part of a name.
        match glob::is_pattern(path.as_bytes()) || path.contains('\\') {
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
    fn what_is_escaped_stands_for_itself() {
        let table = table(&["/srv/\\[x]/in", "/srv/[x]/in"]);
        assert_eq!(table.find(Path::new("/srv/[x]/in/a")), Some(0));
        assert_eq!(table.find(Path::new("/srv/x/in/a")), Some(1));
    }

    #[test]
    fn a_later_section_of_the_same_path_is_closer() {
        assert_eq!(table(&["/a", "/a"]).find(Path::new("/a/b")), Some(1));
        assert_eq!(table(&["/a", "/a"]).enclosing("/a"), [0, 1]);
    }
}
