//! Libraries that modules need and the system's loader would not find: LoadFile.
//! They are no modules: nothing of theirs is called here. A library is loaded
//! from its own place, not from a copy, so that it finds what lies beside it;
//! by the real path, for whose folders owner and mode were checked.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::digest::{self, Sha256Sum};
use crate::error::LoadError;
use crate::file::{self, Trust};
use crate::trial::Trial;
use crate::{elf, map};

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

/// The libraries that were loaded, by their real paths, in order.
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
        // The system's loader maps a file that is cut short, and dies of it.
        elf::shared_object(path, &read.bytes)?;
        if let Some(trial) = trial {
            let tried = trial.of_library(path, &read.real_path, &paths(&loaded));
            tried.map_err(|failure| LoadError::Trial { path: path.to_owned(), failure })?;
        }
        map::open_library(&read.real_path)?;
        loaded.push((read.real_path, digest));
        Ok(Library::Loaded)
    }

    /// The real paths of those that were loaded, in order.
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
