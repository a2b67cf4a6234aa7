//! A name in a directory that is pinned by a handle. Creating, removing and renaming happen here, so that nothing can be
//! replaced between check and action. Links are never followed. [`crate::Root::place`] makes one from a path.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, Stat, mkdirat, openat, readlinkat, renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

/// A name in a directory. The name is one component: not empty, not `.` or `..`, without a slash.
#[derive(Debug)]
pub struct Place {
    /// A handle of the directory (`O_PATH`).
    pub directory: OwnedFd,
    /// The name, which need not exist.
    pub name: Vec<u8>,
}

/// What a rename does if the new name already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The existing file is replaced.
    Replace,
    /// The existing file stays, and the rename fails with `EEXIST`.
    Keep,
}

impl Place {
    /// The metadata of the file with this name; of a link itself, not of its target.
    ///
    /// # Errors
    ///
    /// A kernel error; `ENOENT` if there is nothing.
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(statat(&self.directory, self.name(), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// A handle of the file with this name; of a link itself.
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn handle(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.directory, self.name(), flags, Mode::empty())?)
    }

    /// Creates a directory; the process's umask applies.
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn create_directory(&self, mode: Mode) -> io::Result<()> {
        Ok(mkdirat(&self.directory, self.name(), mode)?)
    }

    /// Creates a file and opens it with these flags; the process's umask applies. `None` if the
    /// name is taken.
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn create_file(&self, flags: OFlags, mode: Mode) -> io::Result<Option<OwnedFd>> {
        let new = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        match openat(&self.directory, self.name(), flags | new, mode) {
            Ok(file) => Ok(Some(file)),
            Err(Errno::EXIST) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates a symbolic link. Its target is not checked, because following it through a [`crate::Root`] stays inside.
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn create_link(&self, target: &[u8]) -> io::Result<()> {
        Ok(symlinkat(target, &self.directory, self.name())?)
    }

    /// The target of the link with this name.
    ///
    /// # Errors
    ///
    /// A kernel error; `EINVAL` if it is not a link.
    pub fn read_link(&self) -> io::Result<Vec<u8>> {
        Ok(readlinkat(&self.directory, self.name(), Vec::new())?.into_bytes())
    }

    /// Removes the file, link, pipe or socket with this name.
    ///
    /// # Errors
    ///
    /// A kernel error; `EISDIR` for a directory.
    pub fn remove_file(&self) -> io::Result<()> {
        Ok(unlinkat(&self.directory, self.name(), AtFlags::empty())?)
    }

    /// Removes the empty directory with this name.
    ///
    /// # Errors
    ///
    /// A kernel error; `ENOTDIR` for anything else.
    pub fn remove_directory(&self) -> io::Result<()> {
        Ok(unlinkat(&self.directory, self.name(), AtFlags::REMOVEDIR)?)
    }

    /// Renames the file.
    ///
    /// # Errors
    ///
    /// A kernel error; `EXDEV` between file systems; `EINVAL` if the file system does not support [`Existing::Keep`].
    pub fn rename(&self, to: &Place, existing: Existing) -> io::Result<()> {
        let flags = match existing {
            Existing::Replace => RenameFlags::empty(),
            Existing::Keep => RenameFlags::NOREPLACE,
        };
        Ok(renameat_with(self.directory.as_fd(), self.name(), to.directory.as_fd(), to.name(), flags)?)
    }

    fn name(&self) -> &[u8] {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Root;

    fn root() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn names_are_made_and_removed() {
        let (dir, root) = root();
        let sub = root.place(b"/sub").unwrap();
        sub.create_directory(Mode::RWXU).unwrap();
        let error = sub.create_directory(Mode::RWXU).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(sub.remove_file().is_err());
        sub.remove_directory().unwrap();
        assert!(!dir.path().join("sub").exists());

        let file = root.place(b"/f").unwrap();
        assert!(file.create_file(OFlags::WRONLY, Mode::RUSR).unwrap().is_some());
        assert!(file.create_file(OFlags::WRONLY, Mode::RUSR).unwrap().is_none());
        assert_eq!(file.stat().unwrap().st_mode & 0o777, 0o400);
        assert!(file.remove_directory().is_err());
        file.remove_file().unwrap();
        assert_eq!(file.stat().unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn renames_replace_only_when_told() {
        let (dir, root) = root();
        fs::write(dir.path().join("a"), "a").unwrap();
        fs::write(dir.path().join("b"), "b").unwrap();
        let (a, b) = (root.place(b"/a").unwrap(), root.place(b"/b").unwrap());
        let error = a.rename(&b, Existing::Keep).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        a.rename(&b, Existing::Replace).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("b")).unwrap(), "a");
    }

    #[test]
    fn links_are_not_followed() {
        let (dir, root) = root();
        fs::write(dir.path().join("target"), "").unwrap();
        let link = root.place(b"/link").unwrap();
        link.create_link(b"/target").unwrap();
        assert_eq!(link.read_link().unwrap(), b"/target");
        assert_eq!(link.stat().unwrap().st_mode & 0o170_000, 0o120_000);
        link.remove_file().unwrap();
        assert!(dir.path().join("target").exists());
    }
}
