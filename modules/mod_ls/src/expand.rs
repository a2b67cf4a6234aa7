//! Patterns in the path of a listing: `d*/[a-c]?.txt`. Each part with a wildcard is matched against the names of the
//! folders that the parts before it lead to.

use gantry_api::files::{Files, Kind, Links};
use gantry_api::prelude::*;
use gantry_api::proto::glob::{self, Budget, BudgetExhausted};

/// The most matching steps per command.
const STEPS: u64 = 50_000_000;

/// The most paths that a pattern may match.
const MOST: usize = 50_000;

/// The paths that match a pattern, as the client would write them, sorted.
pub(crate) async fn expand(session: &Session, files: &dyn Files, pattern: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut budget = Budget::new(STEPS);
    let start: &[u8] = if pattern.starts_with(b"/") { b"/" } else { b"" };
    let mut found = vec![start.to_vec()];
    let parts: Vec<&[u8]> = pattern.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        found = match glob::is_pattern(part) {
            true => matching((session, files), &found, part, is_last, &mut budget).await?,
            false => found.iter().map(|folder| below(folder, part)).collect(),
        };
    }
    if !parts.last().is_some_and(|part| glob::is_pattern(part)) {
        found = existing(session, files, found).await;
    }
    found.sort_unstable();
    if !pattern.ends_with(b"/") {
        return Ok(found);
    }
    let mut folders = Vec::new();
    for path in found {
        let kept = files.metadata(&session.resolve(&path), Links::Keep).await;
        if kept.is_ok_and(|found| found.kind == Kind::Directory) {
            folders.push([&path[..], b"/"].concat());
        }
    }
    Ok(folders)
}

async fn matching(
    (session, files): (&Session, &dyn Files),
    folders: &[Vec<u8>],
    part: &[u8],
    is_last: bool,
    budget: &mut Budget,
) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for folder in folders {
        // A name that is not a folder, or that must not be read, matches nothing below it.
        let Ok(mut listing) = files.list(&session.resolve(folder)).await else { continue };
        loop {
            let entries = listing.next().await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                // As ProFTPD: patterns do not go through links.
                let enterable = entry.metadata.kind == Kind::Directory;
                if !(is_last || enterable) || !fits(part, &entry.name, budget)? {
                    continue;
                }
                if found.len() == MOST {
                    return refuse(450, BudgetExhausted.to_string());
                }
                found.push(below(folder, &entry.name));
            }
        }
    }
    Ok(found)
}

/// A pattern matches hidden names only if it begins with a dot.
fn fits(part: &[u8], name: &[u8], budget: &mut Budget) -> Result<bool> {
    if name.starts_with(b".") && !part.starts_with(b".") {
        return Ok(false);
    }
    glob::matches(part, name, budget).or_else(|exhausted| refuse(450, exhausted.to_string()))
}

/// Keeps the paths that exist: for `d*/x` nothing has checked yet whether there is an `x`.
async fn existing(session: &Session, files: &dyn Files, paths: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        if files.metadata(&session.resolve(&path), Links::Keep).await.is_ok() {
            found.push(path);
        }
    }
    found
}

/// The path of a name in a folder; in the working directory only the name.
pub(crate) fn below(folder: &[u8], name: &[u8]) -> Vec<u8> {
    match folder {
        [] => name.to_vec(),
        [.., b'/'] => [folder, name].concat(),
        folder => [folder, b"/", name].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_as_the_client_writes_them() {
        assert_eq!(below(b"", b"x"), b"x");
        assert_eq!(below(b"/", b"x"), b"/x");
        assert_eq!(below(b"a/", b"x"), b"a/x");
        assert_eq!(below(b"a b", b"x"), b"a b/x");
    }

    #[test]
    fn hidden_names_need_a_dot() {
        let mut budget = Budget::new(1000);
        assert!(!fits(b"*", b".x", &mut budget).unwrap());
        assert!(fits(b".*", b".x", &mut budget).unwrap());
        assert!(fits(b"*.*", b"a.x", &mut budget).unwrap());
        assert_eq!(fits(b"*", b"x", &mut Budget::new(0)).unwrap_err().code(), Some(450));
    }
}
