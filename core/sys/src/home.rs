//! Makes a user's home directory, with what a skeleton directory has. Nothing of it is seen under its name before all of it is
//! there, and no symbolic link is followed on the way to it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, ResolveFlags, Uid, chownat, fchmod, fchown, mkdirat, open,
    openat, openat2, readlinkat, renameat, renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::credentials::file_user;
use crate::directory::{Batch, Directory};
use crate::handle;

/// The most files, links and directories that are copied.
const MOST_ENTRIES: u32 = 10_000;
/// The most bytes that are copied.
const MOST_BYTES: u64 = 1 << 30;
/// How deep the directories of a skeleton may be.
const MOST_DEPTH: u32 = 32;

/// A home directory that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHome {
    /// Its path.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// The permission bits of directories above it that do not exist either.
    pub parent_mode: u32,
    /// The directory whose files it gets.
    pub skeleton: Option<PathBuf>,
    /// To whom all of this belongs; none leaves it to whoever makes it.
    pub owners: Option<HomeOwners>,
}

/// To whom a new home directory belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HomeOwners {
    /// The user of the home and all in it.
    pub user: u32,
    /// The group of what is in the home.
    pub group: u32,
    /// The home's own group.
    pub home_group: u32,
    /// User and group of new directories above it.
    pub parents: (u32, u32),
}

/// Makes a home directory, with the credentials of the calling thread; whether there was none yet.
///
/// # Errors
///
/// The path is not absolute and plain, leads through a symbolic link, or anything fails; nothing but new directories above the
/// home is left then.
pub fn create(home: &NewHome) -> io::Result<bool> {
    let mut names = names(&home.path)?;
    let last = names.pop().ok_or_else(|| fault("is no home directory", &home.path))?;
    let mut path = PathBuf::from("/");
    let mut folder = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    for name in names {
        path.push(OsStr::from_bytes(name));
        let owners = home.owners.map(|owners| owners.parents);
        folder = enter_or_make(&folder, name, home.parent_mode, owners).map_err(|error| at(&path, error))?;
    }
    match enter(&folder, last) {
        Ok(_) => return Ok(false),
        Err(Errno::NOENT) => {}
        Err(error) => return Err(at(&home.path, error.into())),
    }
    let temporary = temporary_name();
    mkdirat(&folder, &temporary, Mode::RWXU).map_err(|error| at(&home.path, error.into()))?;
    let made = fill(home, &folder, &temporary).and_then(|()| place(&folder, &temporary, last));
    if !matches!(made, Ok(true)) {
        let _ = remove(&folder, temporary.as_bytes(), MOST_DEPTH + 2);
    }
    made.map_err(|error| at(&home.path, error))
}

/// The names of a path, from the root on.
fn names(path: &Path) -> io::Result<Vec<&[u8]>> {
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        return Err(fault("is not an absolute path", path));
    }
    components
        .map(|component| match component {
            Component::Normal(name) => Ok(name.as_bytes()),
            _ => Err(fault("has '..' in it", path)),
        })
        .collect()
}

/// A directory in another, which is no link.
fn enter(folder: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    loop {
        match openat2(folder, name, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            done => return done,
        }
    }
}

fn enter_or_make(folder: &OwnedFd, name: &[u8], mode: u32, owners: Option<(u32, u32)>) -> io::Result<OwnedFd> {
    match enter(folder, name) {
        Err(Errno::NOENT) => {}
        done => return Ok(done?),
    }
    match mkdirat(folder, name, Mode::RWXU) {
        Ok(()) => give(&own_directory(folder, name)?, owners, mode)?,
        // Another login was quicker.
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(enter(folder, name)?)
}

/// A directory that has just been made, for reading. Where others may write, it could be another by now: that one would not be
/// this user's.
fn own_directory(folder: &OwnedFd, name: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(folder, name, flags, Mode::empty())?;
    match handle::stat(opened.as_fd())?.st_uid == file_user() {
        true => Ok(opened),
        false => Err(Errno::PERM.into()),
    }
}

/// Sets owners and permission bits.
fn give(thing: &OwnedFd, owners: Option<(u32, u32)>, mode: u32) -> io::Result<()> {
    if let Some((user, group)) = owners {
        fchown(thing, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
    }
    Ok(fchmod(thing, Mode::from_raw_mode(mode))?)
}

fn fill(home: &NewHome, folder: &OwnedFd, name: &str) -> io::Result<()> {
    let made = own_directory(folder, name.as_bytes())?;
    if let Some(skeleton) = &home.skeleton {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let from = open(skeleton, flags, Mode::empty()).map_err(|error| at(skeleton, error.into()))?;
        if handle::stat(from.as_fd())?.st_mode & 0o002 != 0 {
            return Err(fault("may be written by everybody", skeleton));
        }
        let owners = home.owners.map(|owners| (owners.user, owners.group));
        let mut copy = Copy { owners, entries: MOST_ENTRIES, bytes: MOST_BYTES };
        copy.directory(&from, &made, MOST_DEPTH).map_err(|error| at(skeleton, error))?;
    }
    give(&made, home.owners.map(|owners| (owners.user, owners.home_group)), home.mode)
}

/// Gives the new directory its name; whether nothing had that.
fn place(folder: &OwnedFd, from: &str, to: &[u8]) -> io::Result<bool> {
    let done = match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
        // The file system cannot do that. Of a directory, this replaces nothing but an empty one.
        Err(Errno::INVAL | Errno::NOSYS) => renameat(folder, from, folder, to),
        done => done,
    };
    match done {
        Ok(()) => Ok(true),
        Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What may still be copied.
struct Copy {
    owners: Option<(u32, u32)>,
    entries: u32,
    bytes: u64,
}

impl Copy {
    fn directory(&mut self, from: &OwnedFd, to: &OwnedFd, depth: u32) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| io::Error::other("directories are too deep"))?;
        for name in entries(from)? {
            self.entries = self.entries.checked_sub(1).ok_or_else(|| io::Error::other("too many files"))?;
            self.entry(from, to, &name, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, from: &OwnedFd, to: &OwnedFd, name: &[u8], depth: u32) -> io::Result<()> {
        let found = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let inner = openat(from, name, flags, Mode::empty())?;
                mkdirat(to, name, Mode::RWXU)?;
                let made = own_directory(to, name)?;
                self.directory(&inner, &made, depth)?;
                give(&made, self.owners, found.st_mode & 0o1777)
            }
            FileType::RegularFile => self.file(from, to, name),
            FileType::Symlink => {
                symlinkat(readlinkat(from, name, Vec::new())?, to, name)?;
                let Some((user, group)) = self.owners else { return Ok(()) };
                let (user, group) = (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
                Ok(chownat(to, name, user, group, AtFlags::SYMLINK_NOFOLLOW)?)
            }
            // Pipes, sockets and devices.
            _ => Ok(()),
        }
    }

    fn file(&mut self, from: &OwnedFd, to: &OwnedFd, name: &[u8]) -> io::Result<()> {
        let reading = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let source = openat(from, name, reading, Mode::empty())?;
        let found = handle::stat(source.as_fd())?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        let writing = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut made = File::from(openat(to, name, writing, Mode::RUSR | Mode::WUSR)?);
        let copied = io::copy(&mut File::from(source).take(self.bytes.saturating_add(1)), &mut made)?;
        self.bytes = self.bytes.checked_sub(copied).ok_or_else(|| io::Error::other("too many bytes"))?;
        give(&made.into(), self.owners, found.st_mode & 0o777)
    }
}

fn entries(folder: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut reading = Directory::open(folder.as_fd())?;
    let mut names = Vec::new();
    while reading.next_batch(|name, _| names.push(name.to_vec()))? == Batch::More {
        if names.len() > MOST_ENTRIES as usize {
            return Err(io::Error::other("too many files"));
        }
    }
    Ok(names)
}

/// Removes what was made so far.
fn remove(folder: &OwnedFd, name: &[u8], depth: u32) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inner = match openat(folder, name, flags, Mode::empty()) {
        Err(Errno::NOTDIR | Errno::LOOP) => return Ok(unlinkat(folder, name, AtFlags::empty())?),
        inner => inner?,
    };
    if let Some(depth) = depth.checked_sub(1) {
        for name in entries(&inner)? {
            remove(&inner, &name, depth)?;
        }
    }
    Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}

/// A name that nothing else has.
fn temporary_name() -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!(".gantry-home-{}-{}", process::id(), time.as_nanos())
}

fn fault(what: &str, path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{} {what}", path.display()))
}

/// Says where something failed.
fn at(path: &Path, error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => fault("is a symbolic link", path),
        Some(_) => io::Error::new(error.kind(), format!("{}: {error}", path.display())),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn home(path: &Path) -> NewHome {
        NewHome { path: path.to_owned(), mode: 0o750, parent_mode: 0o711, skeleton: None, owners: None }
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_home_and_the_directories_above_it_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("a/b/ann");
        assert!(create(&home(&path)).unwrap());
        assert_eq!([mode(&path), mode(&dir.path().join("a")), mode(&dir.path().join("a/b"))], [0o750, 0o711, 0o711]);
        assert!(!create(&home(&path)).unwrap());
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn a_skeleton_is_copied_without_setuid_and_pipes() {
        let dir = tempfile::tempdir().unwrap();
        let (path, skeleton) = (dir.path().canonicalize().unwrap().join("ann"), dir.path().join("skel"));
        fs::create_dir_all(skeleton.join("inner")).unwrap();
        fs::write(skeleton.join("inner/file"), "text").unwrap();
        fs::set_permissions(skeleton.join("inner/file"), fs::Permissions::from_mode(0o4755)).unwrap();
        fs::set_permissions(skeleton.join("inner"), fs::Permissions::from_mode(0o2550)).unwrap();
        symlink("/etc/passwd", skeleton.join("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, skeleton.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        let wanted = NewHome { skeleton: Some(skeleton.clone()), ..home(&path) };
        assert!(create(&wanted).unwrap());
        assert_eq!(fs::read_to_string(path.join("inner/file")).unwrap(), "text");
        assert_eq!([mode(&path.join("inner/file")), mode(&path.join("inner"))], [0o755, 0o550]);
        assert_eq!(fs::read_link(path.join("link")).unwrap(), Path::new("/etc/passwd"));
        assert!(!path.join("pipe").exists());
        fs::set_permissions(&skeleton, fs::Permissions::from_mode(0o777)).unwrap();
        let error = create(&NewHome { path: path.with_file_name("bob"), ..wanted }).unwrap_err().to_string();
        assert!(error.ends_with("may be written by everybody"), "{error}");
        assert!(!path.with_file_name("bob").exists());
        assert!(
            !fs::read_dir(dir.path()).unwrap().any(|entry| entry.unwrap().file_name().as_bytes().starts_with(b"."))
        );
    }

    #[test]
    fn no_link_is_followed_and_no_path_goes_up() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        fs::create_dir(real.join("elsewhere")).unwrap();
        symlink(real.join("elsewhere"), real.join("link")).unwrap();
        symlink("elsewhere/ann", real.join("dangling")).unwrap();
        for path in ["link/ann", "dangling"] {
            let error = create(&home(&real.join(path))).unwrap_err().to_string();
            assert!(error.ends_with("is a symbolic link"), "{error}");
        }
        for path in ["a/../b", "elsewhere/.."] {
            assert!(create(&home(&real.join(path))).is_err());
        }
        assert!(create(&home(Path::new("ann"))).is_err() && create(&home(Path::new("/"))).is_err());
        fs::write(real.join("file"), "").unwrap();
        assert!(create(&home(&real.join("file"))).is_err() && create(&home(&real.join("file/ann"))).is_err());
        assert_eq!(fs::read_dir(real.join("elsewhere")).unwrap().count(), 0);
    }

    #[test]
    fn what_fails_leaves_no_half_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let (path, skeleton) = (dir.path().canonicalize().unwrap().join("ann"), dir.path().join("skel"));
        let deep = (0..=MOST_DEPTH).fold(skeleton.clone(), |path, _| path.join("d"));
        fs::create_dir_all(&deep).unwrap();
        fs::write(skeleton.join("file"), "text").unwrap();
        let error = create(&NewHome { skeleton: Some(skeleton), ..home(&path) }).unwrap_err().to_string();
        assert!(error.contains("too deep"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "the skeleton alone");
    }

    #[test]
    fn root_gives_all_of_it_away() {
        if file_user() != 0 {
            return println!("left out: needs root");
        }
        let dir = tempfile::tempdir().unwrap();
        let (path, skeleton) = (dir.path().canonicalize().unwrap().join("a/ann"), dir.path().join("skel"));
        fs::create_dir(&skeleton).unwrap();
        fs::write(skeleton.join("file"), "").unwrap();
        symlink("file", skeleton.join("link")).unwrap();
        let owners = HomeOwners { user: 1234, group: 1235, home_group: 1236, parents: (7, 8) };
        create(&NewHome { skeleton: Some(skeleton), owners: Some(owners), ..home(&path) }).unwrap();
        let ids = |path: &Path| fs::symlink_metadata(path).map(|found| (found.uid(), found.gid())).unwrap();
        assert_eq!([ids(&dir.path().join("a")), ids(&path)], [(7, 8), (1234, 1236)]);
        assert_eq!([ids(&path.join("file")), ids(&path.join("link"))], [(1234, 1235), (1234, 1235)]);
    }
}
