//! A place on the host, pinned by a handle: an existing file, or a name in a folder.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use gantry_api::files::{Kind, Metadata};
use gantry_api::store::Access;
use gantry_sys::handle::{self, Attributes, Freshness, attributes};
use gantry_sys::{FileType, OFlags, Place};
use rustix::fs::{Access as Right, AtFlags, accessat};
use rustix::io::Errno;

use crate::generation::ftpaccess::FileIdentity;

/// A pinned place.
pub struct HostPlace {
    pin: Pin,
    near: bool,
}

enum Pin {
    /// An existing file by its handle, with its device and inode.
    Thing(OwnedFd, (u64, u64)),
    Name(Place),
}

impl HostPlace {
    /// An existing file by its handle (`O_PATH`), and whether the kernel answers for it by itself.
    pub(super) fn thing(handle: OwnedFd, found: &Attributes, near: bool) -> Self {
        Self { pin: Pin::Thing(handle, (found.device, found.inode)), near }
    }

    /// A name in a folder.
    pub(super) fn name(place: Place) -> Self {
        Self { pin: Pin::Name(place), near: false }
    }

    /// Whether the kernel answers for the file by itself.
    pub(super) fn is_near(&self) -> bool {
        self.near
    }

    /// Device and inode of an existing file.
    pub(super) fn id(&self) -> Option<(u64, u64)> {
        match self.pin {
            Pin::Thing(_, id) => Some(id),
            Pin::Name(_) => None,
        }
    }

    /// Its current path on the host.
    pub(super) fn path(&self) -> io::Result<PathBuf> {
        let path = handle::real_path(self.as_fd())?;
        Ok(match &self.pin {
            Pin::Thing(..) => path,
            Pin::Name(place) => path.join(OsStr::from_bytes(&place.name)),
        })
    }

    /// Device and inode of the pinned file.
    pub(super) fn pinned(&self) -> io::Result<FileIdentity> {
        match &self.pin {
            Pin::Thing(_, (device, inode)) => Ok(FileIdentity::Thing(*device, *inode)),
            Pin::Name(place) => {
                let folder = attributes(place.directory.as_fd(), Freshness::AtHand)?;
                Ok(FileIdentity::Folder(folder.device, folder.inode))
            }
        }
    }

    /// The name and its folder.
    pub(super) fn named(&self) -> io::Result<&Place> {
        match &self.pin {
            Pin::Name(place) => Ok(place),
            Pin::Thing(..) => Err(Errno::INVAL.into()),
        }
    }

    /// A second pin of the same place.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        let pin = match &self.pin {
            Pin::Thing(handle, id) => Pin::Thing(handle.try_clone()?, *id),
            Pin::Name(place) => Pin::Name(Place { directory: place.directory.try_clone()?, name: place.name.clone() }),
        };
        Ok(Self { pin, near: self.near })
    }

    /// Opens the file, where nobody has to be waited for.
    pub(super) fn open_at_once(&self, access: Access) -> Option<io::Result<OwnedFd>> {
        match handle::reopen(self.as_fd(), flags(access) | OFlags::NONBLOCK) {
            // Somebody has a lease on it.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            done => Some(done),
        }
    }

    /// Opens the file.
    pub(super) fn open(&self, access: Access) -> io::Result<OwnedFd> {
        handle::reopen(self.as_fd(), flags(access))
    }

    /// Checks whether it is a directory that may be searched: resolving `.` in it requires that.
    pub(super) fn enter(&self) -> io::Result<()> {
        Ok(accessat(self.as_fd(), c".", Right::EXEC_OK, AtFlags::EACCESS)?)
    }
}

fn flags(access: Access) -> OFlags {
    let flags = match access {
        Access::Read => OFlags::RDONLY,
        Access::Write => OFlags::WRONLY,
        Access::Append => OFlags::WRONLY | OFlags::APPEND,
    };
    flags | OFlags::NOCTTY
}

/// The handle of the file, or of the name's folder.
impl AsFd for HostPlace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.pin {
            Pin::Thing(handle, _) => handle.as_fd(),
            Pin::Name(place) => place.directory.as_fd(),
        }
    }
}

/// Converts the system's attributes.
pub(super) fn metadata(found: &Attributes) -> Metadata {
    let kind = match FileType::from_raw_mode(found.mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    Metadata {
        kind,
        mode: found.mode & 0o7777,
        links: found.links,
        uid: found.uid,
        gid: found.gid,
        size: found.size,
        modified: found.modified,
        device: found.device,
        inode: found.inode,
    }
}
