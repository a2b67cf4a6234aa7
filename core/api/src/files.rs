//! The session's file system: the only way to a file. The server implements
//! it: every path is resolved in the session's store, and what it leads to is
//! judged by the one access gate for the command being run before it is touched.
//! Answers are [`Promise`]s: await them.

use std::os::fd::BorrowedFd;

use crate::guard::{Home, Output, guarded};
use crate::path::VirtualPath;
use crate::promise::Promise;

/// What a name stands for.
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

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
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

/// Whether a link at the end of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// What it leads to.
    Follow,
    /// The link itself.
    Keep,
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// To read it.
    Read,
    /// To write a new one; one that exists is an error.
    Create,
    /// To write it from its beginning; created where missing, emptied where not.
    Replace,
    /// To write behind its end; created where missing.
    Append,
    /// To write at an offset; created where missing, kept where not.
    Update,
}

/// One name of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The name.
    pub name: Vec<u8>,
    /// What it stands for, a link not followed.
    pub metadata: Metadata,
    /// Where a link points.
    pub target: Option<Vec<u8>>,
}

/// The session's files, for one command: the gate judges each operation by the
/// command's verb. An error's kind says what the gate or the system refuses:
/// `Denied`, `NotFound`, `Exists`...; before login it is `NotLoggedIn`.
pub trait Files: Send + Sync {
    /// A path as the host knows it: for logs, whose readers know no session's
    /// root. It opens nothing.
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        path.as_bytes().to_vec()
    }
    /// What is known of a path.
    fn metadata<'a>(&'a self, path: &'a VirtualPath, links: Links) -> Promise<'a, Metadata>;
    /// Opens a regular file, and nothing else; a new one's mode is 0666 less the
    /// scope's Umask.
    fn open<'a>(&'a self, path: &'a VirtualPath, purpose: Open) -> Promise<'a, OpenFile>;
    /// Checks that a path is a directory that the session may enter.
    fn enter<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()>;
    /// Begins to list a directory.
    fn list<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, Box<dyn Listing>>;
    /// Makes a directory; its mode is 0777 less the scope's Umask.
    fn create_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()>;
    /// Removes an empty directory.
    fn remove_directory<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()>;
    /// Removes a file or link.
    fn remove_file<'a>(&'a self, path: &'a VirtualPath) -> Promise<'a, ()>;
    /// Renames; whether an existing target may be replaced is the caller's to say.
    fn rename<'a>(&'a self, from: &'a VirtualPath, to: &'a VirtualPath, target: Target) -> Promise<'a, ()>;
    /// Sets the time of last modification, Unix seconds.
    fn set_modified<'a>(&'a self, path: &'a VirtualPath, time: i64) -> Promise<'a, ()>;
    /// Sets permission bits.
    fn set_mode<'a>(&'a self, path: &'a VirtualPath, mode: u32) -> Promise<'a, ()>;
}

/// What a rename does to an existing target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing: the rename fails.
    Keep,
    /// It is replaced.
    Replace,
}

/// A file that has been opened, and what it was then.
pub struct OpenFile {
    /// The file.
    pub file: Box<dyn File>,
    /// What is known of it.
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
        /// What is known of it now.
        fn metadata(&self) -> Promise<'_, Metadata>;
        /// Up to `most` bytes from `offset`; none at the end.
        fn read_at(&self, offset: u64, most: usize) -> Promise<'_, Vec<u8>>;
        /// Writes all of `bytes` at `offset`.
        fn write_at(&self, offset: u64, bytes: Vec<u8>) -> Promise<'_, ()>;
        /// Cuts the file to `length` bytes.
        fn truncate(&self, length: u64) -> Promise<'_, ()>;
        /// All has been written: from here on it counts. A store may keep an upload
        /// apart until then; one that never comes to this is broken off.
        fn finish(&self) -> Promise<'_, ()> {
            Promise::now(Ok(()))
        }
        /// The descriptor, where there is one, for sendfile and splice.
        fn descriptor(&self) -> Option<BorrowedFd<'_>> {
            None
        }
    }
}

guarded! {
    /// A directory being listed.
    pub trait Listing: Send {
        /// The next names, some hundreds at most; none at the end. `.` and `..`
        /// are not among them, nor what the gate hides.
        fn next(&mut self) -> Promise<'_, Vec<DirectoryEntry>>;
    }
}
