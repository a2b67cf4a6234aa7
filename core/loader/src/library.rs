//! Libraries that modules need and the system's loader would not find: LoadFile. They
//! are not modules: nothing in them is called here. A library is loaded from its own
//! path, not from a copy, so that it finds the files next to it. The path is the
//! resolved one, for whose folders owner and mode were checked.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::digest::{self, Sha256Sum};
use crate::error::LoadError;
use crate::file::{self, Trust};
use crate::trial::Trial;
use crate::{elf, map};

/// The result of loading a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// It was loaded now.
    Loaded,
    /// It was already loaded.
    Already,
    /// Another file was loaded from this path before. It stays, because a library in
    /// use cannot be replaced.
    Outdated,
}

/// The loaded libraries in order, with their resolved paths.
#[derive(Default)]
pub(crate) struct Libraries(Mutex<Vec<(PathBuf, Sha256Sum)>>);

impl Libraries {
    pub(crate) fn load(&self, path: &Path, trust: Trust, trial: Option<&Trial>) -> Result<Library, LoadError> {
        let read = file::read(path, Some(trust), file::LIMIT)?;
        let digest = digest::sum(&read.bytes);
        let mut loaded = self.entries();
        match loaded.iter().find(|(known, _)| *known == read.real_path) {
            Some((_, found)) if *found == digest => return Ok(Library::Already),
            Some(_) => return Ok(Library::Outdated),
            None => {}
        }
        // The system's loader would map a truncated file and crash.
        elf::shared_object(path, &read.bytes)?;
        if let Some(trial) = trial {
            let tried = trial.of_library(path, &read.real_path, &paths(&loaded));
            tried.map_err(|failure| LoadError::Trial { path: path.to_owned(), failure })?;
        }
        map::open_library(&read.real_path)?;
        loaded.push((read.real_path, digest));
        Ok(Library::Loaded)
    }

    /// The resolved paths of the loaded libraries, in order.
    pub(crate) fn loaded(&self) -> Vec<PathBuf> {
        paths(&self.entries())
    }

    fn entries(&self) -> MutexGuard<'_, Vec<(PathBuf, Sha256Sum)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn paths(entries: &[(PathBuf, Sha256Sum)]) -> Vec<PathBuf> {
    entries.iter().map(|(path, _)| path.clone()).collect()
}
