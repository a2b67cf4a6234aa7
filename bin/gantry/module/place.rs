//! Puts files in place so that nobody sees half of one: each is made complete
//! under a name of its own beside its place, and renamed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process;

/// Puts bytes in a file's place, with exactly this mode.
pub fn file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let new = beside(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.set_permissions(fs::Permissions::from_mode(mode)))
        .and_then(|()| file.sync_all());
    settle(&new, path, written)
}

/// Puts a link in the place of another one, or of nothing.
pub fn link(path: &Path, target: &Path) -> io::Result<()> {
    let new = beside(path);
    settle(&new, path, symlink(target, &new))
}

fn settle(new: &Path, path: &Path, written: io::Result<()>) -> io::Result<()> {
    let settled = written.and_then(|()| fs::rename(new, path));
    if settled.is_err() {
        let _ = fs::remove_file(new);
    }
    settled
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", process::id()));
    name.into()
}
