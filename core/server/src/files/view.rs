//! What a logged-in session sees of the file system: the root that
//! every path is resolved in, the credentials under which files are touched, and
//! what the gate says there.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::files::{Kind, Links, Metadata, Open, Target};
use gantry_api::{Error, Result, Verb, VirtualPath};
use gantry_config::DirectoryTable;
use gantry_sys::{Credentials, Existing, FileType, Mode, OFlags, Root, Stat, as_user, handle};

use crate::gate::{Operation, Person};
use crate::generation::held::Held;
use crate::generation::scope::ScopeId;
use crate::generation::snapshot::Generation;

/// What a logged-in session's operations need, shared with the threads that do
/// them.
pub struct View {
    pub(super) root: Root,
    pub(super) root_path: PathBuf,
    pub(super) credentials: Credentials,
    pub(super) directories: DirectoryTable,
    pub(super) generation: Arc<Generation>,
    pub(super) scope: ScopeId,
    pub(super) person: Person,
}

impl View {
    pub(super) fn as_user<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        as_user(&self.credentials, work)
            .map_err(|error| Error::system(format!("cannot act as uid {}: {error}", self.credentials.uid)))?
    }

    /// Where a path really lies on the host: with links followed where there
    /// is something, else by its directory.
    pub(super) fn real_path(&self, path: &VirtualPath) -> io::Result<PathBuf> {
        match self.root.handle(path.as_bytes()) {
            Ok(found) => handle::real_path(found.as_fd()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_root() => self.real_place(path),
            Err(error) => Err(error),
        }
    }

    /// Where a name really lies, a link itself and not what it leads to.
    pub(super) fn real_place(&self, path: &VirtualPath) -> io::Result<PathBuf> {
        let place = self.root.place(path.as_bytes())?;
        Ok(handle::real_path(place.directory.as_fd())?.join(OsStr::from_bytes(&place.name)))
    }

    /// What holds at a path of the host.
    pub(super) fn scope_of(&self, real: impl FnOnce() -> io::Result<PathBuf>) -> Result<Held> {
        if !self.generation.depends_on_path(self.scope) {
            return Ok(self.scope.into());
        }
        let real = real()?;
        let section = |path: &Path| self.generation.directory_scope(self.scope, &self.directories, path);
        match self.generation.overrides(self.scope) {
            Some(overrides) => overrides.scope_at((&self.root, &self.root_path), &real, section),
            None => Ok(section(&real).into()),
        }
    }

    /// Asks the gate about what lies at the end of a path, links followed.
    pub(super) fn check(&self, verb: Verb, operation: Operation, path: &VirtualPath) -> Result<Held> {
        let scope = self.scope_of(|| self.real_path(path))?;
        self.allows(&scope, verb, operation)?;
        Ok(scope)
    }

    /// Asks the gate about a name itself.
    pub(super) fn check_place(&self, verb: Verb, operation: Operation, path: &VirtualPath) -> Result<Held> {
        let scope = self.scope_of(|| self.real_place(path))?;
        self.allows(&scope, verb, operation)?;
        Ok(scope)
    }

    /// Asks the gate about an open file: what was opened is what is judged.
    pub(super) fn check_open(&self, verb: Verb, operation: Operation, file: BorrowedFd<'_>) -> Result<()> {
        let scope = self.scope_of(|| handle::real_path(file))?;
        self.allows(&scope, verb, operation)
    }

    fn allows(&self, scope: &Held, verb: Verb, operation: Operation) -> Result<()> {
        let facts = &self.generation.table.row(verb).limits;
        self.generation.held(scope).rules.check(verb, facts, Some(operation), &self.person)
    }

    pub(super) fn file_mode(&self, scope: &Held) -> Mode {
        Mode::from_raw_mode(0o666 & !self.generation.held(scope).settings.umask.0)
    }

    pub(super) fn directory_mode(&self, scope: &Held) -> Mode {
        Mode::from_raw_mode(0o777 & !self.generation.held(scope).settings.umask.1)
    }

    pub(super) fn open(&self, verb: Verb, path: &VirtualPath, purpose: Open) -> Result<OwnedFd> {
        if purpose == Open::Read {
            let file = self.root.open_file(path.as_bytes(), OFlags::RDONLY, Mode::empty())?;
            self.check_open(verb, Operation::Read, file.as_fd())?;
            return Ok(file);
        }
        let scope = self.check(verb, Operation::Write, path)?;
        let flags = match purpose {
            Open::Create => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            Open::Append => OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND,
            _ => OFlags::WRONLY | OFlags::CREATE,
        };
        let file = self.root.open_file(path.as_bytes(), flags, self.file_mode(&scope))?;
        // What was opened may be another thing than what was judged, if
        // somebody moved links meanwhile; nothing has been changed in it yet.
        self.check_open(verb, Operation::Write, file.as_fd())?;
        if purpose == Open::Replace {
            rustix::fs::ftruncate(&file, 0).map_err(io::Error::from)?;
        }
        Ok(file)
    }

    pub(super) fn metadata(&self, verb: Verb, path: &VirtualPath, links: Links) -> Result<Metadata> {
        if links == Links::Keep && !path.is_root() {
            let place = self.root.place(path.as_bytes())?;
            let stat = place.stat()?;
            self.check_place(verb, Operation::Stat, path)?;
            return Ok(metadata(&stat));
        }
        let found = self.root.handle(path.as_bytes())?;
        self.check_open(verb, Operation::Stat, found.as_fd())?;
        Ok(metadata(&handle::stat(found.as_fd())?))
    }

    pub(super) fn enter(&self, verb: Verb, path: &VirtualPath) -> Result<()> {
        let found = self.root.open_at(path.as_bytes(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
        self.check_open(verb, Operation::Enter, found.as_fd())?;
        // Entering needs the right to search; resolving `.` in it asks for that.
        Ok(rustix::fs::accessat(&found, c".", rustix::fs::Access::EXEC_OK, rustix::fs::AtFlags::EACCESS)
            .map_err(io::Error::from)?)
    }

    pub(super) fn rename(&self, verb: Verb, from: &VirtualPath, to: &VirtualPath, target: Target) -> Result<()> {
        self.check_place(verb, Operation::RenameFrom, from)?;
        self.check_place(verb, Operation::RenameTo, to)?;
        let existing = match target {
            Target::Keep => Existing::Keep,
            Target::Replace => Existing::Replace,
        };
        Ok(self.root.place(from.as_bytes())?.rename(&self.root.place(to.as_bytes())?, existing)?)
    }
}

impl View {
    /// Where a path lies by its letters, for logs and for what cannot be resolved.
    pub(super) fn shown(&self, path: &VirtualPath) -> PathBuf {
        let inside = path.as_bytes().strip_prefix(b"/").unwrap_or(path.as_bytes());
        self.root_path.join(OsStr::from_bytes(inside))
    }
}

/// What the system says of a file.
pub(super) fn metadata(stat: &Stat) -> Metadata {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    Metadata {
        kind,
        mode: stat.st_mode & 0o7777,
        links: stat.st_nlink,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: stat.st_mtime,
        device: stat.st_dev,
        inode: stat.st_ino,
    }
}
