//! Replaces files so that nobody sees a partial one: each is written completely
//! under a temporary name next to its destination, and renamed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A file that is complete next to its destination. It is removed if it is dropped
/// before `settle`.
#[derive(Debug)]
pub struct PreparedFile {
    new: PathBuf,
    path: PathBuf,
}

impl PreparedFile {
    /// Writes bytes next to the destination and syncs them to disk, with exactly this
    /// mode.
    pub fn file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<Self> {
        let new = beside(path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        let prepared = Self { new, path: path.to_owned() };
        file.write_all(bytes)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        Ok(prepared)
    }

    /// Renames it to its destination.
    pub fn settle(self) -> io::Result<()> {
        fs::rename(&self.new, &self.path)
    }
}

impl Drop for PreparedFile {
    fn drop(&mut self) {
        // After `settle` this name no longer exists.
        let _ = fs::remove_file(&self.new);
    }
}

/// Replaces a file, with exactly this mode.
pub fn file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    PreparedFile::file(path, bytes, mode)?.settle()
}

/// Creates or replaces a symbolic link.
pub fn link(path: &Path, target: &Path) -> io::Result<()> {
    let new = beside(path);
    symlink(target, &new)?;
    PreparedFile { new, path: path.to_owned() }.settle()
}

/// A name that no other file of this or another process has.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{}.new", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    name.into()
}
