//! A file that is read at start, and again when it has changed.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::log;
use gantry_sys::handle::Version;
use gantry_sys::{Medium, as_daemon};

use crate::entries::Parsed;
use crate::safety::{self, Readers};

/// The size limit of the file, in bytes.
const MOST: u64 = 256 * 1024 * 1024;

/// A file, and its contents when last read.
pub(crate) struct Source<T> {
    path: PathBuf,
    readers: Readers,
    parse: fn(&[u8]) -> Parsed<T>,
    held: Mutex<Snapshot<T>>,
}

struct Snapshot<T> {
    version: Version,
    /// Whether no other machine changes it.
    is_local: bool,
    contents: Arc<T>,
}

impl<T> Source<T> {
    /// Reads the file; an error names it.
    pub(crate) fn open(path: PathBuf, readers: Readers, parse: fn(&[u8]) -> Parsed<T>) -> Result<Self, String> {
        let held = read(&path, readers, parse).map_err(|error| format!("unable to use {}: {error}", path.display()))?;
        Ok(Self { path, readers, parse, held: Mutex::new(held) })
    }

    /// The current contents, if the kernel knows without waiting that the file has not changed.
    pub(crate) fn contents_at_once(&self) -> Option<Arc<T>> {
        let version = Version::at_hand(&self.path)?;
        let held = self.held.try_lock().ok()?;
        (held.is_local && held.version == version).then(|| held.contents.clone())
    }

    /// The current contents. If a changed file cannot be used, the last contents stay, and the log says so once.
    pub(crate) fn contents(&self) -> Arc<T> {
        let version = as_daemon(|| fs::metadata(&self.path)).map(|metadata| Version::of(&metadata)).unwrap_or_default();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.version != version {
            match read(&self.path, self.readers, self.parse) {
                Ok(new) => *held = new,
                Err(error) => {
                    log!(
                        Error,
                        "unable to use the changed {}; the previous version stays in use: {error}",
                        self.path.display()
                    );
                    held.version = version;
                }
            }
        }
        held.contents.clone()
    }
}

fn read<T>(path: &Path, readers: Readers, parse: fn(&[u8]) -> Parsed<T>) -> Result<Snapshot<T>, String> {
    // Checked before it is opened, because opening a pipe would wait for its other end.
    let found = as_daemon(|| fs::metadata(path)).map_err(|error| error.to_string())?;
    safety::check(path, &found, readers)?;
    let file = as_daemon(|| File::open(path)).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    let is_local = Medium::holding(file.as_fd()) != Medium::Elsewhere;
    safety::check(path, &metadata, readers)?;
    let mut text = Vec::new();
    file.take(MOST + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MOST {
        return Err(format!("it is larger than {MOST} bytes"));
    }
    let (contents, warnings) = parse(&text);
    for warning in warnings {
        log!(Warn, "{}, line {}: {} (skipped)", path.display(), warning.line, warning.what);
    }
    Ok(Snapshot { version: Version::of(&metadata), is_local, contents: Arc::new(contents) })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn lengths(text: &[u8]) -> Parsed<usize> {
        (text.len(), Vec::new())
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_lost_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        fs::write(&path, "a").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let source = Source::open(path.clone(), Readers::NotTheWorld, lengths).unwrap();
        assert_eq!(*source.contents(), 1);
        assert!(source.contents_at_once().is_none_or(|contents| *contents == 1));
        fs::write(&path, "abc").unwrap();
        assert!(source.contents_at_once().is_none());
        assert_eq!(*source.contents(), 3);
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(*source.contents(), 3);
        fs::remove_file(&path).unwrap();
        assert_eq!(*source.contents(), 3);
        fs::write(&path, "ab").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(*source.contents(), 2);
    }

    #[test]
    fn errors_name_the_file() {
        let error = Source::open("/nowhere/users".into(), Readers::Anybody, lengths).err().unwrap();
        assert!(error.starts_with("unable to use /nowhere/users: "), "{error}");
    }
}
