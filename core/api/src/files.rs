//! The session's file system, the only way to a file. The server implements it: it resolves every
//! path in the session's store, and the access gate checks the result for the current command
//! before anything is touched. Methods return [`Promise`]s, which must be awaited.

use std::os::fd::BorrowedFd;

use crate::error::{Error, ErrorKind};
use crate::guard::{Home, Output, guarded};
use crate::path::VirtualPath;
use crate::promise::Promise;

/// The type of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// The metadata of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// Its type.
    pub kind: Kind,
    /// Permission bits, 0o7777.
    pub mode: u32,
    /// Hard links.
    pub links: u64,
    /// The owner's id.
    pub uid: u32,
    /// The group's id.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Last modification, Unix seconds.
    pub modified: i64,
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

/// Whether to follow a link at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Act on its target.
    Follow,
    /// Act on the link itself.
    Keep,
}

/// The purpose of opening a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// To read it.
    Read,
    /// To write a new file; an error if the file exists.
    Create,
    /// To write from the beginning; created if missing, otherwise emptied.
    Replace,
    /// To write after the end; created if missing.
    Append,
    /// To write at an offset; created if missing, otherwise kept.
    Update,
}

/// One directory entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The name.
    pub name: Vec<u8>,
    /// Its metadata, without following a link.
    pub metadata: Metadata,
    /// The target of a link.
    pub target: Option<Vec<u8>>,
}

/// The session's files, for one command: the gate checks each operation for the command's verb. The
/// error kind says why the gate or the system refuses: `Denied`, `NotFound`, `Exists`...; before
/// login it is `NotLoggedIn`.
pub trait Files: Send + Sync {
    /// A path as the host knows it, for logs, whose readers do not see the session's root. Opens
    /// nothing.
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        path.as_bytes().to_vec()
    }
    /// Returns the metadata of a path.
    fn metadata<'a>(&'a self, path: &'a VirtualPath, links: Links) -> Promise<'a, Metadata>;
    /// A path to the same thing without links, inside the session's root.
    fn resolved<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, VirtualPath> {
        Promise::now(Ok(path.clone()))
    }
    /// Opens a regular file, and nothing else. The mode of a new file is 0666 minus the scope's
    /// Umask.
    fn open<'a>(&'a self, path: &'a VirtualPath, purpose: Open) -> Promise<'a, OpenFile>;
    /// Makes a new file as [`Open::Create`] does; where the path leads to something already, tells
    /// what, and opens nothing.
    fn create<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Created>;
    /// Checks that the path is a directory that the session may enter. Returns its path without links.
    fn enter<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, VirtualPath>;
    /// Begins to list a directory.
    fn list<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Box<dyn Listing>>;
    /// Makes a directory; its mode is 0777 minus the scope's Umask.
    fn create_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()>;
    /// Removes an empty directory.
    fn remove_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()>;
    /// Removes a file or link.
    fn remove_file<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()>;
    /// Renames; the caller decides whether an existing target may be replaced.
    fn rename<'a>(&'a self, from: &'a VirtualPath, to: &'a VirtualPath, target: Target) -> Promise<'a, ()>;
    /// Sets the time of last modification, Unix seconds.
    fn set_modified<'a>(&'a self, path: &'a VirtualPath, time: i64) -> Promise<'a, ()>;
    /// Sets permission bits.
    fn set_mode<'a>(&'a self, path: &'a VirtualPath, mode: u32) -> Promise<'a, ()>;
    /// Sets the group, as the account may.
    fn set_group<'a>(&'a self, _path: &'a VirtualPath, _gid: u32) -> Promise<'a, ()> {
        Promise::now(Err(Error::of(ErrorKind::Unsupported)))
    }
    /// The text of a link.
    fn link_text<'a>(&'a self, _path: &'a VirtualPath) -> Promise<'a, Vec<u8>> {
        Promise::now(Err(Error::of(ErrorKind::Unsupported)))
    }
}

/// What a rename does to an existing target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing: the rename fails.
    Keep,
    /// It is replaced.
    Replace,
}

/// What [`Files::create`] made or found.
pub enum Created {
    /// A new file, open for writing.
    New(OpenFile),
    /// Something that was there before; links are followed.
    Exists(Metadata),
}

/// An open file, and its metadata when it was opened.
pub struct OpenFile {
    /// The file.
    pub file: Box<dyn File>,
    /// Its metadata.
    pub metadata: Metadata,
}

impl Output for OpenFile {
    const HOLDS: bool = true;

    fn guarded(self, home: &Home) -> Self {
        Self { file: self.file.guarded(home), ..self }
    }
}

impl Output for Metadata {}

impl Output for DirectoryEntry {}

guarded! {
    /// An open file.
    pub trait File: Send + Sync {
        /// Returns its current metadata.
        fn metadata(&self) -> Promise<'_, Metadata>;
        /// Reads up to `most` bytes at `offset`; empty at the end.
        fn read_at(&self, offset: u64, most: usize) -> Promise<'_, Vec<u8>>;
        /// Writes all of `bytes` at `offset`.
        fn write_at(&self, offset: u64, bytes: Vec<u8>) -> Promise<'_, ()>;
        /// Truncates the file to `length` bytes.
        fn truncate(&self, length: u64) -> Promise<'_, ()>;
        /// Completes an upload. A store may keep the data apart until then; an upload that never
        /// gets here is incomplete.
        fn finish(&self) -> Promise<'_, ()> {
            Promise::now(Ok(()))
        }
        /// The descriptor, if there is one, for sendfile and splice.
        fn descriptor(&self) -> Option<BorrowedFd<'_>> {
            None
        }
    }
}

guarded! {
    /// An open directory listing.
    pub trait Listing: Send {
        /// Returns the next entries, a few hundred at most; empty at the end. `.`, `..` and entries
        /// that the gate hides are left out.
        fn next(&mut self) -> Promise<'_, Vec<DirectoryEntry>>;
    }
}
