//! `<Directory>` sections, and how to find the innermost one for a path. A section covers
//! its folder and everything below. A wildcard matches within one component, so `/srv/*`
//! covers the contents of /srv, but not /srv itself.

mod patterns;

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use gantry_api::proto::glob;

use crate::layers::{Layer, Layers};
use crate::scope::Scope;
use patterns::Patterns;

/// A `<Directory>` section by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// As written; may contain wildcards, a leading `~` and `%u`, and be relative in an
    /// `<Anonymous>`.
    pub path: String,
    /// Its own settings and limits.
    pub layer: Arc<Layer>,
}

/// A `<Directory>` section with the layers that it inherits.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    /// As written.
    pub path: String,
    /// The layers of the server (or `<Anonymous>`), those of each enclosing `<Directory>` from the
    /// outermost in, and its own.
    pub layers: Layers,
}

impl Directory {
    /// Its scope, merged at each call.
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

/// All paths of a section's folder, for a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spellings {
    /// Patterns: as written, with links resolved, and one for each link on the way.
    pub patterns: Vec<Vec<u8>>,
    /// A folder where everything is refused, because the section's folder could not be found; not a
    /// pattern.
    pub refused: Option<Vec<u8>>,
}

impl Spellings {
    /// One path, with wildcards if it has any.
    pub fn of(pattern: impl Into<Vec<u8>>) -> Self {
        Self { patterns: vec![pattern.into()], refused: None }
    }
}

/// The sections of a session, with their paths resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedSections {
    /// Finds their numbers.
    pub table: Arc<DirectoryTable>,
    /// The layers of each section; `None` if they are the same for everybody, as in the sections
    /// themselves.
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
        let whole: Vec<Spellings> = parts.iter().map(|part| Spellings::of(whole(part))).collect();
        let (_, layers) = within(outer, &parts, &whole);
        let merged = parts.iter().zip(layers);
        let list = merged.map(|(part, layers)| Directory { path: part.path.clone(), layers });
        let fixed = parts.iter().map(|part| fixed(&part.path).map(Spellings::of).unwrap_or_default());
        let table = Arc::new(DirectoryTable::new(fixed));
        Self { outer: outer.clone(), root, list: list.collect(), parts, table }
    }

    /// The same sections followed by others, within other layers.
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

    /// The sections for a session: `spell` makes written paths absolute (`~`, `~ftp`, `%u`,
    /// relative ones of `<Anonymous>`) and resolves their links.
    ///
    /// # Errors
    /// The path of which it makes none: what that section protects is not known.
    pub fn placed(&self, spell: impl Fn(&str) -> Option<Spellings>) -> Result<PlacedSections, &str> {
        let spelled = self.parts.iter().map(|part| spell(&part.path).ok_or(part.path.as_str()));
        let spelled = spelled.collect::<Result<Vec<_>, _>>()?;
        let is_as_written = |(part, spelled): (&Part, &Spellings)| {
            fixed(&part.path).is_some_and(|path| {
                let path = joined(path.as_bytes());
                spelled.refused.is_none() && spelled.patterns.iter().all(|pattern| joined(pattern) == path)
            })
        };
        if self.parts.iter().zip(&spelled).all(is_as_written) {
            return Ok(PlacedSections { table: self.table.clone(), layers: None });
        }
        let (table, layers) = within(&self.outer, &self.parts, &spelled);
        Ok(PlacedSections { table: Arc::new(table), layers: Some(layers) })
    }
}

/// The table of some sections with resolved paths, and the layers of each.
fn within(outer: &Layers, parts: &[Part], spelled: &[Spellings]) -> (DirectoryTable, Vec<Layers>) {
    let table = DirectoryTable::new(spelled.iter());
    let layers = parts.iter().zip(spelled).enumerate().map(|(number, (part, spelled))| {
        let enclosing = table.enclosing(&spelled.patterns, number).into_iter();
        let around = enclosing.filter_map(|other| parts.get(other));
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
    folders: HashMap<Vec<u8>, Vec<usize>>,
    patterns: Patterns,
    /// Folders below which everything is refused.
    refused: HashSet<Vec<u8>>,
    /// All paths, by components.
    all: Vec<Vec<Vec<u8>>>,
}

/// The rank of a section: its depth, whether it has no wildcards, and its place in the
/// file.
type Closeness = (usize, bool, usize);

impl DirectoryTable {
    pub(crate) fn new<S: Borrow<Spellings>>(sections: impl Iterator<Item = S>) -> Self {
        let mut table = Self::default();
        for (number, section) in sections.enumerate() {
            let Spellings { patterns, refused } = section.borrow();
            for pattern in patterns {
                table.add(pattern, number);
            }
            table.refused.extend(refused.iter().map(|path| joined(path)));
        }
        table
    }

    /// The number of the innermost section for a path.
    pub fn find(&self, path: &Path) -> Option<usize> {
        self.covering(path.as_os_str().as_bytes()).max().map(|(_, _, number)| number)
    }

    /// Whether everything at a path is refused because a section's folder could not be found.
    pub fn refuses(&self, path: &Path) -> bool {
        if self.refused.is_empty() {
            return false;
        }
        let joined = joined(path.as_os_str().as_bytes());
        let ends = joined.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        let mut above = ends.chain([joined.len()]).filter_map(|end| joined.get(..end));
        above.any(|folder| self.refused.contains(folder))
    }

    /// Whether a section would no longer cover its folder if that folder, or one above it, lost the
    /// name `from` or got the name `to`. A section with wildcards still applies after its folders
    /// are removed.
    pub fn loses(&self, from: &Path, to: Option<&Path>, is_folder: bool) -> bool {
        let from: Vec<&[u8]> = components(from.as_os_str().as_bytes()).collect();
        let to: Option<Vec<&[u8]>> = to.map(|to| components(to.as_os_str().as_bytes()).collect());
        self.all.iter().any(|section| {
            let Some(head) = section.get(..from.len()) else { return false };
            if !patterns::match_all(head, &from) {
                return false;
            }
            if head.iter().all(|component| patterns::is_plain(component)) {
                return true;
            }
            let Some(to) = &to else { return false };
            let stays = match section.len() == from.len() {
                true => to.get(..section.len()).is_some_and(|above| patterns::match_all(section, above)),
                false => patterns::match_all(head, to),
            };
            is_folder && !stays
        })
    }

    /// The numbers of all other sections that cover one, innermost last.
    fn enclosing(&self, patterns: &[Vec<u8>], number: usize) -> Vec<usize> {
        let mut found: Vec<Closeness> = Vec::new();
        for pattern in patterns {
            let mut here: Vec<Closeness> = self.covering(pattern).collect();
            here.sort_unstable();
            found.extend(here.into_iter().take_while(|(_, _, other)| *other != number));
        }
        found.sort_unstable();
        let mut seen = HashSet::new();
        let mut numbers: Vec<usize> =
            found.into_iter().rev().map(|(_, _, other)| other).filter(|other| seen.insert(*other)).collect();
        numbers.reverse();
        numbers
    }

    fn add(&mut self, path: &[u8], number: usize) {
        let components: Vec<Vec<u8>> = components(path).map(<[u8]>::to_vec).collect();
        if components.iter().all(|component| patterns::is_plain(component)) {
            let names: Vec<Vec<u8>> = components.iter().map(|component| glob::unescaped(component)).collect();
            self.folders.entry(names.join(&b'/')).or_default().push(number);
        } else {
            self.patterns.add(&components, number);
        }
        self.all.push(components);
    }

    fn covering(&self, path: &[u8]) -> impl Iterator<Item = Closeness> {
        let components: Vec<&[u8]> = components(path).collect();
        let joined = components.join(&b'/');
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

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|component| !component.is_empty() && *component != b".")
}

fn joined(path: &[u8]) -> Vec<u8> {
    components(path).collect::<Vec<_>>().join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(paths: &[&str]) -> DirectoryTable {
        DirectoryTable::new(paths.iter().map(|path| fixed(path).map(Spellings::of).unwrap_or_default()))
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
        assert_eq!(table(&["/a", "/a"]).enclosing(&[b"/a".to_vec()], 1), [0]);
    }

    #[test]
    fn a_folder_that_is_known_by_several_paths_inherits_along_each() {
        let both = Spellings { patterns: vec![b"/srv/in/x".to_vec(), b"/data/y".to_vec()], refused: None };
        let table = DirectoryTable::new([Spellings::of("/data"), Spellings::of("/srv/in"), both].iter());
        assert_eq!(table.find(Path::new("/data/y/z")), Some(2));
        assert_eq!(table.find(Path::new("/srv/in/x")), Some(2));
        assert_eq!(table.enclosing(&[b"/srv/in/x".to_vec(), b"/data/y".to_vec()], 2), [0, 1]);
    }

    #[test]
    fn nothing_below_what_cannot_be_placed_is_let_through() {
        let section = Spellings { refused: Some(b"/srv/loop".to_vec()), ..Spellings::of("/srv/loop/x") };
        let table = DirectoryTable::new([section].iter());
        let refused = |path: &str| table.refuses(Path::new(path));
        assert!(refused("/srv/loop") && refused("/srv/loop/y/z"));
        assert!(!refused("/srv") && !refused("/srv/loops") && !refused("/"));
    }

    #[test]
    fn names_that_are_no_text_are_told_apart() {
        let table =
            DirectoryTable::new([Spellings::of(b"/a/\xff".to_vec()), Spellings::of(b"/a/\xfe".to_vec())].iter());
        assert_eq!(table.find(Path::new(std::ffi::OsStr::from_bytes(b"/a/\xfe/x"))), Some(1));
    }

    #[test]
    fn a_section_keeps_its_folder() {
        let table = table(&["/srv/top/in", "/home/*/in", "/pub/*"]);
        let loses = |from: &str, to: Option<&str>| table.loses(Path::new(from), to.map(Path::new), true);
        for path in ["/srv", "/srv/top", "/srv/top/in"] {
            assert!(loses(path, Some("/srv/other")) && loses(path, None), "{path}");
        }
        assert!(!loses("/srv/top/in/x", Some("/srv/x")) && !loses("/srv/to", Some("/srv/t")));
        assert!(loses("/home", Some("/house")));
        assert!(!loses("/home/a", Some("/home/b")) && loses("/home/a", Some("/a")));
        assert!(loses("/home/a/in", Some("/home/a/out")) && !loses("/home/a/in", Some("/home/b/in")));
        assert!(!loses("/home/a/in", None) && !loses("/pub/a", None));
        assert!(!loses("/pub/a", Some("/pub/b/c")) && loses("/pub/a", Some("/a")));
        assert!(!table.loses(Path::new("/pub/a"), Some(Path::new("/a")), false));
    }
}
