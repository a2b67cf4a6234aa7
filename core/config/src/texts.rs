//! The texts that were read from disk. They are used to build a configuration again when
//! the administrator has not asked for a reload.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The files of a configuration, and what each `Include` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    files: HashMap<PathBuf, Vec<u8>>,
    includes: HashMap<String, Vec<PathBuf>>,
}

impl Texts {
    pub(crate) fn file(&self, path: &Path) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }

    pub(crate) fn keep_file(&mut self, path: &Path, bytes: &[u8]) {
        self.files.insert(path.to_owned(), bytes.to_vec());
    }

    pub(crate) fn include(&self, pattern: &str) -> Option<Vec<PathBuf>> {
        self.includes.get(pattern).cloned()
    }

    pub(crate) fn keep_include(&mut self, pattern: &str, files: &[PathBuf]) {
        self.includes.insert(pattern.to_owned(), files.to_vec());
    }
}
