//! The files that an `Include` names: one file, all files in a folder, or all files that
//! match a pattern, sorted by name.

use std::io;
use std::path::{Path, PathBuf};

use gantry_api::proto::glob;

/// The limit on pattern matching steps for one Include.
const STEPS: u64 = 50_000_000;

/// The files, sorted; a path without a pattern must exist.
pub(crate) fn files(pattern: &str) -> io::Result<Vec<PathBuf>> {
    if !glob::is_pattern(pattern.as_bytes()) {
        return expand_folder(PathBuf::from(pattern));
    }
    let mut budget = glob::Budget::new(STEPS);
    let mut found = vec![PathBuf::from("/")];
    for component in pattern.split('/').filter(|component| !component.is_empty()) {
        found = step(found, component, &mut budget)?;
    }
    let expanded: Vec<_> = found.into_iter().map(expand_folder).collect::<io::Result<_>>()?;
    Ok(expanded.into_iter().flatten().collect())
}

/// Whether a file's name is that of an editor's or package manager's temporary file.
pub(crate) fn is_temporary(path: &Path) -> bool {
    const ENDINGS: [&str; 12] = [
        "~",
        ".bak",
        ".bkp",
        ".dpkg-dist",
        ".dpkg-new",
        ".dpkg-old",
        ".orig",
        ".rpmnew",
        ".rpmsave",
        ".swp",
        ".temp",
        ".tmp",
    ];
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || name.starts_with('#')
}

/// Whether a path has a pattern before its last component.
pub(crate) fn has_pattern_in_folders(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| glob::is_pattern(folders.as_bytes()))
}

/// Matches one more component.
fn step(folders: Vec<PathBuf>, component: &str, budget: &mut glob::Budget) -> io::Result<Vec<PathBuf>> {
    if !glob::is_pattern(component.as_bytes()) {
        let below = folders.into_iter().map(|folder| folder.join(component));
        return Ok(below.filter(|path| path.exists()).collect());
    }
    let mut found = Vec::new();
    for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
        for name in names(&folder)? {
            let hidden = name.starts_with('.') && !component.starts_with('.');
            let matched = glob::matches(component.as_bytes(), name.as_bytes(), budget).map_err(io::Error::other)?;
            if matched && !hidden {
                found.push(folder.join(name));
            }
        }
    }
    Ok(found)
}

/// The files directly in a folder; if it is not a folder, the file itself.
fn expand_folder(path: PathBuf) -> io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(&path)?.is_dir() {
        return Ok(vec![path]);
    }
    let below = names(&path)?.into_iter().map(|name| path.join(name));
    Ok(below.filter(|path| path.is_file()).collect())
}

/// The names in a folder, sorted. Names that are not UTF-8 are left out, because a
/// configuration cannot contain them.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    let mut names: Vec<String> = entries.filter_map(io::Result::transpose).collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_give_their_files_in_order() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let below = |name: &str| home.path().join(name);
        std::fs::create_dir_all(below("sub/deeper"))?;
        for name in ["sub/b.conf", "sub/a.conf", "sub/.hidden", "sub/deeper/c.conf"] {
            std::fs::write(below(name), "")?;
        }
        let listed = |pattern: &str| files(&below(pattern).to_string_lossy()).map_err(|error| error.kind());
        assert_eq!(listed("sub"), Ok(vec![below("sub/.hidden"), below("sub/a.conf"), below("sub/b.conf")]));
        assert_eq!(listed("s*/*.conf"), Ok(vec![below("sub/a.conf"), below("sub/b.conf")]));
        assert_eq!(listed("nothing*"), Ok(Vec::new()));
        assert_eq!(listed("nothing"), Err(io::ErrorKind::NotFound));
        Ok(())
    }
}
