//! Libraries that modules need and the system's loader would not find: LoadFile.
//! They are no modules: nothing of theirs is called here. A library is loaded
//! from its own place, not from a copy, so that it finds what lies beside it;
//! by the real path, for whose folders owner and mode were checked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{LoadError, Sha256Sum, Trust, elf, file, map, sha256};

/// What became of a library that was to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// It is loaded now.
    Loaded,
    /// It has been loaded before.
    Already,
    /// Another file was loaded from this path before, and stays: what is in use
    /// cannot be replaced.
    Outdated,
}

/// The libraries that were loaded, by their real paths.
#[derive(Default)]
pub(crate) struct Libraries(Mutex<HashMap<PathBuf, Sha256Sum>>);

impl Libraries {
    pub(crate) fn load(&self, path: &Path, trust: Trust) -> Result<Library, LoadError> {
        let read = file::read(path, Some(trust), file::LIMIT)?;
        let digest = sha256(&read.bytes);
        let mut loaded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match loaded.get(&read.real_path) {
            Some(found) if *found == digest => return Ok(Library::Already),
            Some(_) => return Ok(Library::Outdated),
            None => {}
        }
        // The system's loader maps a file that is cut short, and dies of it.
        elf::shared_object(path, &read.bytes)?;
        map::open_library(&read.real_path)?;
        loaded.insert(read.real_path, digest);
        Ok(Library::Loaded)
    }
}
