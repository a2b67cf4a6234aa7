//! Test data: files of repeatable noise, trees of many files, names that break clients and servers;
//! and comparisons.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

/// Names that cause trouble: spaces, UTF-8, quotes and the like.
pub const AWKWARD_NAMES: [&str; 14] = [
    "with space",
    "two  spaces",
    "Übergröße.txt",
    "日本語.txt",
    "it's",
    "say \"hello\"",
    "\"quoted\"",
    "#hash",
    "-dash",
    "back\\slash",
    "100%41",
    "semi;colon&amp",
    "[brackets]{braces}",
    "q?u=e~r$y",
];

/// Writes a file of `bytes` bytes of noise, the same for the same seed.
///
/// # Panics
/// When the file cannot be written.
pub fn file(path: &Path, bytes: u64, seed: u64) {
    let mut noise = Noise::new(seed);
    let mut out = BufWriter::with_capacity(
        1 << 20,
        File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    );
    for _ in 0..bytes / 8 {
        out.write_all(&noise.word().to_le_bytes()).expect("there is room for a sample");
    }
    let rest = usize::try_from(bytes % 8).expect("less than eight");
    out.write_all(&noise.word().to_le_bytes()[..rest]).and_then(|()| out.flush()).expect("there is room for a sample");
}

/// `length` bytes of noise.
pub fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    std::iter::repeat_with(|| noise.word().to_le_bytes()).flatten().take(length).collect()
}

/// Asserts that two files have the same bytes.
///
/// # Panics
/// If they differ, or one cannot be read.
#[track_caller]
pub fn assert_same(one: &Path, other: &Path) {
    let open = |path: &Path| File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut left, mut right) = (open(one), open(other));
    let size = |file: &File| file.metadata().expect("an open file has metadata").len();
    assert_eq!(size(&left), size(&right), "sizes of {} and {}", one.display(), other.display());
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut offset = 0;
    loop {
        let (got, same) = (fill(&mut left, &mut a), fill(&mut right, &mut b));
        assert!(a[..got] == b[..same], "{} and {} differ after byte {offset}", one.display(), other.display());
        if got == 0 {
            return;
        }
        offset += got;
    }
}

/// A tree two levels deep: its inner folders contain only folders, its outer ones only files, so
/// that clients without recursion can transfer it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The folders, relative to the root, each after its parent.
    pub folders: Vec<String>,
    /// The files, relative to the root.
    pub files: Vec<String>,
}

impl Tree {
    /// Makes a tree of `count` small files in `root`, some of them empty.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn make(root: &Path, count: usize) -> Self {
        let mut tree = Self { folders: Vec::new(), files: Vec::new() };
        for number in 0..count {
            let (outer, inner) = (
                format!("part {}", number / 1_000),
                format!("part {}/ordner-ä{:02}", number / 1_000, number / 100 % 10),
            );
            for folder in [outer, inner.clone()] {
                if !tree.folders.contains(&folder) {
                    fs::create_dir(root.join(&folder)).expect("a folder can be made");
                    tree.folders.push(folder);
                }
            }
            let name = format!("{inner}/file {number:05}.bin");
            file(&root.join(&name), (number as u64 * 37) % 4_000, number as u64);
            tree.files.push(name);
        }
        tree
    }

    /// The folders that contain files.
    pub fn leaves(&self) -> impl Iterator<Item = &String> {
        self.folders.iter().filter(|folder| folder.contains('/'))
    }

    /// Asserts that two folders contain this tree with the same bytes, and no other files.
    ///
    /// # Panics
    /// If they do not.
    #[track_caller]
    pub fn assert_same(&self, one: &Path, other: &Path) {
        for name in &self.files {
            assert_same(&one.join(name), &other.join(name));
        }
        assert_eq!(count_files(other), self.files.len(), "files below {}", other.display());
    }
}

/// The number of files below a folder.
///
/// # Panics
/// When it cannot be read.
pub fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    paths.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}

/// A stream of repeatable numbers (xorshift).
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.word() >> 33).expect("31 bits fit") % limit
    }
}

fn fill(from: &mut File, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]).expect("a sample can be read") {
            0 => break,
            got => filled += got,
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        file(&one, 3 << 20, 7);
        let mut held = fs::read(&one).unwrap();
        fs::write(&other, &held).unwrap();
        assert_same(&one, &other);
        held[(2 << 20) + 5] ^= 1;
        fs::write(&other, &held).unwrap();
        assert!(std::panic::catch_unwind(|| assert_same(&one, &other)).is_err());
    }

    #[test]
    fn a_tree_has_as_many_files_as_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::make(folder.path(), 1_150);
        assert_eq!((tree.files.len(), tree.leaves().count()), (1_150, 12));
        assert_eq!(count_files(folder.path()), 1_150);
    }
}
