//! Puts files in place so that nobody sees half of one: each is made complete
//! under a name of its own beside its place, and renamed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A file that stands complete beside its place. Dropped before it is settled, it
/// is gone.
#[derive(Debug)]
pub struct Prepared {
    new: PathBuf,
    path: PathBuf,
}

impl Prepared {
    /// Writes bytes beside a file's place, to the disk, with exactly this mode.
    pub fn file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<Self> {
        let new = beside(path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        let prepared = Self { new, path: path.to_owned() };
        file.write_all(bytes)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        Ok(prepared)
    }

    /// Puts it in its place.
    pub fn settle(self) -> io::Result<()> {
        fs::rename(&self.new, &self.path)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // Where it has been settled, nothing is there any more.
        let _ = fs::remove_file(&self.new);
    }
}

/// Puts bytes in a file's place, with exactly this mode.
pub fn file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    Prepared::file(path, bytes, mode)?.settle()
}

/// Puts a link in the place of another one, or of nothing.
pub fn link(path: &Path, target: &Path) -> io::Result<()> {
    let new = beside(path);
    symlink(target, &new)?;
    Prepared { new, path: path.to_owned() }.settle()
}

/// A name that no other file of this process has, nor one of another process.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{}.new", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    name.into()
}
