//! The root that a session is confined to (DefaultRoot, `<Anonymous>`). The kernel resolves every
//! client path inside it, like chroot(2), but without root privileges and without races against
//! renames. Credentials are not switched here.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstatfs, openat, openat2};
use rustix::io::Errno;

use crate::handle::{self, Attributes, Freshness};
use crate::medium::Medium;
use crate::place::Place;

/// How often to retry a resolution that the kernel gives up because of a concurrent rename.
const ATTEMPTS: usize = 64;

/// A handle of a directory that acts as `/`.
///
/// Symbolic links, including absolute ones, and `..` stay inside it; magic links of /proc are
/// refused.
#[derive(Debug)]
pub struct Root {
    fd: OwnedFd,
    /// The mount and the device that it is on.
    ground: Ground,
    medium: Medium,
}

/// A mount, where the kernel tells, and a device.
type Ground = (Option<u64>, u64);

impl Root {
    /// The directory at this path on the host.
    ///
    /// # Errors
    ///
    /// If it is not a directory or cannot be reached.
    pub fn open(path: &Path) -> io::Result<Root> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(CWD, path, flags, Mode::empty())?;
        let medium = check_medium(fd.as_fd())?;
        let ground = ground(fd.as_fd())?;
        Ok(Root { fd, ground, medium })
    }

    /// Where its files are stored.
    #[must_use]
    pub fn medium(&self) -> Medium {
        self.medium
    }

    /// Opens the client's path, which starts at the root with or without a leading slash.
    ///
    /// `mode` only matters with `OFlags::CREATE`, and the process's umask applies to it. The handle
    /// is closed on exec.
    ///
    /// # Errors
    ///
    /// The kernel's; `EACCES` in a file system that holds no files but the kernel itself. Without `OFlags::NONBLOCK`,
    /// opening a named pipe waits for its other end: see [`Root::open_file`].
    pub fn open_at(&self, path: &[u8], flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let path = if path.is_empty() { b"." } else { path };
        let flags = flags | OFlags::CLOEXEC;
        // openat2 refuses a mode that openat ignores.
        let mode = match flags.intersects(OFlags::CREATE | OFlags::TMPFILE) {
            true => mode,
            false => Mode::empty(),
        };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let mut attempts = 0;
        loop {
            match openat2(&self.fd, path, flags, mode, resolve) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if attempts < ATTEMPTS => attempts += 1,
                result => {
                    let found = result?;
                    // The root has been looked at.
                    if ground(found.as_fd())? != self.ground {
                        check_medium(found.as_fd())?;
                    }
                    return Ok(found);
                }
            }
        }
    }

    /// As [`Root::open_at`], where the kernel finds all of the path in its caches or the file system is in memory, so that
    /// no disk is waited for, and the path leads to nothing on another mount; none where that is not so. With what it has
    /// at hand of the file. Nothing is created.
    pub fn open_cached(&self, path: &[u8], flags: OFlags) -> Option<io::Result<(OwnedFd, Attributes)>> {
        let path = if path.is_empty() { b"." } else { path };
        let found = match at_hand(self.fd.as_fd(), path, flags, self.medium)? {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        match handle::attributes(found.as_fd(), Freshness::AtHand) {
            Ok(about) if ground_of(&about) == self.ground => Some(Ok((found, about))),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Opens a regular file and nothing else; never waits for another process.
    ///
    /// # Errors
    ///
    /// A kernel error; `EISDIR` for a directory; `EPERM` for a device, pipe or socket.
    pub fn open_file(&self, path: &[u8], flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = self.open_at(path, flags, mode)?;
        match FileType::from_raw_mode(handle::stat(file.as_fd())?.st_mode) {
            FileType::RegularFile => Ok(file),
            FileType::Directory => Err(Errno::ISDIR.into()),
            _ => Err(Errno::PERM.into()),
        }
    }

    /// A handle of the path's target, following links within the root, for the functions of
    /// [`handle`].
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn handle(&self, path: &[u8]) -> io::Result<OwnedFd> {
        self.open_at(path, OFlags::PATH, Mode::empty())
    }

    /// The last component of the path and its directory, pinned. The path is normalised first, see
    /// [`normalize`]. The component need not exist, and is not followed if it is a link.
    ///
    /// # Errors
    ///
    /// A kernel error; `EBUSY` for the root itself, which has no parent here.
    pub fn place(&self, path: &[u8]) -> io::Result<Place> {
        let path = normalize(path);
        let (parent, name) = parent_and_name(&path)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let directory = self.open_at(parent, flags, Mode::empty())?;
        Ok(Place { directory, name: name.to_vec() })
    }

    /// Like [`Root::place`], but only if the kernel finds the directory without waiting, on the
    /// root's mount; otherwise `None`.
    pub fn place_cached(&self, path: &[u8]) -> Option<io::Result<Place>> {
        let path = normalize(path);
        let (parent, name) = match parent_and_name(&path) {
            Ok(parts) => parts,
            Err(error) => return Some(Err(error)),
        };
        let directory = self.open_cached(parent, OFlags::PATH | OFlags::DIRECTORY)?;
        Some(directory.map(|(directory, _)| Place { directory, name: name.to_vec() }))
    }

    /// A second handle of the same directory.
    ///
    /// # Errors
    ///
    /// A kernel error if too many files are open.
    pub fn try_clone(&self) -> io::Result<Root> {
        let fd = self.fd.try_clone()?;
        Ok(Root { fd, ground: self.ground, medium: self.medium })
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether the thread may search the directory, if the kernel knows without waiting.
pub fn searchable_cached(directory: BorrowedFd<'_>) -> Option<io::Result<()>> {
    let found = at_hand(directory, b".", OFlags::PATH | OFlags::DIRECTORY, Medium::Disk)?;
    Some(found.map(drop))
}

fn at_hand(directory: BorrowedFd<'_>, path: &[u8], flags: OFlags, medium: Medium) -> Option<io::Result<OwnedFd>> {
    // TMPFILE has the bit of DIRECTORY in it.
    if flags.contains(OFlags::CREATE) || flags.contains(OFlags::TMPFILE) {
        return None;
    }
    let unwaiting = match medium {
        // Names that are not there are not in the caches, but in memory all is at hand. Another
        // mount may be anything.
        Medium::Memory => ResolveFlags::NO_XDEV,
        Medium::Disk | Medium::Elsewhere => ResolveFlags::CACHED,
    };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | unwaiting;
    match openat2(directory, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
        // Kernels before 5.12 do not know CACHED and return INVAL; `open_at` reports anything else
        // that is invalid.
        Err(Errno::AGAIN | Errno::INTR | Errno::INVAL | Errno::XDEV) => None,
        done => Some(done.map_err(io::Error::from)),
    }
}

/// Where a thing is, without asking another machine.
fn ground(thing: BorrowedFd<'_>) -> io::Result<Ground> {
    Ok(ground_of(&handle::attributes(thing, Freshness::AtHand)?))
}

fn ground_of(found: &Attributes) -> Ground {
    (found.mount, found.device)
}

/// Refuses what is in a file system through which the kernel shows itself: by it, a client could see and change what
/// the daemon, other processes and the machine do.
fn check_medium(thing: BorrowedFd<'_>) -> io::Result<Medium> {
    // The numbers are of 32 bits, and negative where the C library's type has no more.
    let kind = fstatfs(thing)?.f_type;
    match KERNEL.contains(&(kind as u32)) {
        true => Err(Errno::ACCESS.into()),
        false => Ok(Medium::of(kind)),
    }
}

/// The numbers of those file systems (`statfs`).
const KERNEL: [u32; 21] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x6265_6570, // configfs
    0x27_e0eb,   // cgroup
    0x6367_7270, // cgroup2
    0xcafe_4a11, // bpf
    0x6165_676c, // pstore
    0xde5e_81e4, // efivarfs
    0xf97c_ff8c, // SELinux
    0x4341_5d53, // Smack
    0x5a3c_69f0, // AppArmor
    0x4249_4e4d, // binfmt_misc
    0x6c6f_6f70, // binder
    0x1cd1,      // devpts
    0x6e73_6673, // nsfs
    0x1980_0202, // mqueue
    0x6759_6969, // rpc_pipefs
    0x6e66_7364, // nfsd
];

/// A normal path in two.
fn parent_and_name(path: &[u8]) -> io::Result<(&[u8], &[u8])> {
    let slash = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
    let (parent, name) = path.split_at(slash);
    match name.strip_prefix(b"/").unwrap_or(name) {
        b"" => Err(Errno::BUSY.into()),
        name => Ok((parent, name)),
    }
}

/// Normalises the path as text: absolute, without empty components and `.`; each `..` removes the
/// component before it, if there is one.
#[must_use]
pub fn normalize(path: &[u8]) -> Vec<u8> {
    let mut components: Vec<&[u8]> = Vec::new();
    for component in path.split(|&b| b == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                components.pop();
            }
            name => components.push(name),
        }
    }
    let mut normal = Vec::with_capacity(path.len() + 1);
    for component in &components {
        normal.push(b'/');
        normal.extend_from_slice(component);
    }
    if normal.is_empty() {
        normal.push(b'/');
    }
    normal
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A root with a secret next to it, and every kind of escape route.
    fn jail() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        let jail = dir.path().join("jail");
        fs::create_dir_all(jail.join("sub")).unwrap();
        fs::write(dir.path().join("secret"), "secret").unwrap();
        fs::write(jail.join("file"), "inside").unwrap();
        symlink("/file", jail.join("absolute")).unwrap();
        symlink("../../../file", jail.join("sub/up")).unwrap();
        symlink(dir.path().join("secret"), jail.join("out")).unwrap();
        symlink("../secret", jail.join("out2")).unwrap();
        let root = Root::open(&jail).unwrap();
        (dir, root)
    }

    fn read(root: &Root, path: &[u8]) -> io::Result<String> {
        let file = root.open_file(path, OFlags::RDONLY, Mode::empty())?;
        let mut text = String::new();
        fs::File::from(file).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn no_path_leaves_the_root() {
        let (_dir, root) = jail();
        for path in [&b"/file"[..], b"file", b"/absolute", b"/sub/up", b"/../file", b"/sub/../../../file"] {
            assert_eq!(read(&root, path).unwrap(), "inside", "{path:?}");
        }
        for path in [&b"/out"[..], b"/out2", b"/../secret", b"/sub/../../secret"] {
            let error = read(&root, path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{path:?}");
        }
    }

    #[test]
    fn what_is_cached_is_found_at_once() {
        let (_dir, root) = jail();
        for path in [&b"/file"[..], b"/absolute", b"/sub/up", b"/../file"] {
            root.handle(path).unwrap();
            root.open_cached(path, OFlags::PATH).unwrap().unwrap();
        }
        assert!(root.handle(b"/none").is_err());
        let none = root.open_cached(b"/none", OFlags::PATH).unwrap().unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        let out = root.open_cached(b"/out", OFlags::PATH).map(|found| found.map(drop).map_err(|error| error.kind()));
        assert!(matches!(out, None | Some(Err(io::ErrorKind::NotFound))), "{out:?}");
        assert!(root.open_cached(b"/new", OFlags::WRONLY | OFlags::CREATE).is_none());
        assert!(searchable_cached(root.as_fd()).unwrap().is_ok());
    }

    #[test]
    fn magic_links_are_refused() {
        let root = Root::open(Path::new("/")).unwrap();
        let error = root.handle(b"/proc/self/root/etc").unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::LOOP));
    }

    #[test]
    fn the_kernels_own_files_are_nobodys() {
        let root = Root::open(Path::new("/")).unwrap();
        let refused = |error: io::Error| assert_eq!(Errno::from_io_error(&error), Some(Errno::ACCESS));
        for path in [&b"/proc"[..], b"/proc/self/maps", b"/proc/self/oom_score_adj", b"/sys/kernel", b"/dev/pts"] {
            refused(root.handle(path).unwrap_err());
            assert!(root.open_cached(path, OFlags::PATH).is_none(), "{path:?}");
        }
        refused(root.open_file(b"/proc/self/environ", OFlags::RDONLY, Mode::empty()).unwrap_err());
        refused(root.place(b"/proc/self/oom_score_adj").unwrap_err());
        refused(Root::open(Path::new("/proc")).unwrap_err());
        refused(Root::open(Path::new("/sys/kernel")).unwrap_err());
        root.handle(b"/etc").unwrap();
    }

    #[test]
    fn only_regular_files_are_opened_and_none_is_waited_for() {
        let (dir, root) = jail();
        let fifo = dir.path().join("jail/fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(read(&root, b"/fifo").is_err());
        let error = read(&root, b"/sub").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert_eq!(read(&root, b"/fi\0le").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn files_are_created_inside() {
        let (dir, root) = jail();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let mode = Mode::RUSR | Mode::WUSR;
        root.open_file(b"/sub/../new", flags, mode).unwrap();
        assert!(dir.path().join("jail/new").exists());
    }

    #[test]
    fn paths_are_normalised_by_their_letters() {
        for (path, normal) in [
            (&b""[..], &b"/"[..]),
            (b"/", b"/"),
            (b"///", b"/"),
            (b"a", b"/a"),
            (b"/a//b/./c/", b"/a/b/c"),
            (b"/a/../../b", b"/b"),
            (b"..", b"/"),
            (b"/ a /...", b"/ a /..."),
        ] {
            assert_eq!(normalize(path), normal, "{path:?}");
        }
    }

    #[test]
    fn the_last_component_is_a_name() {
        let (_dir, root) = jail();
        assert_eq!(root.place(b"/sub/new").unwrap().name, b"new");
        assert_eq!(root.place(b"new/").unwrap().name, b"new");
        assert_eq!(root.place(b"/sub/.").unwrap().name, b"sub");
        assert_eq!(root.place(b"/sub/x/..").unwrap().name, b"sub");
        for path in [&b"/"[..], b"", b"/sub/..", b"."] {
            assert!(root.place(path).is_err(), "{path:?}");
        }
        assert!(root.place(b"/file/x").is_err());
        let cached = root.place_cached(b"/sub/x/../new").unwrap().unwrap();
        assert_eq!((cached.name.as_slice(), cached.stat().is_err()), (&b"new"[..], true));
        assert!(root.place_cached(b"/").unwrap().is_err());
    }
}
