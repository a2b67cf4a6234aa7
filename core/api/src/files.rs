//! The session's file system: the only way to a file. The server implements
//! it: every path is resolved inside the session's root, checked by the one
//! access gate for the command being run, and touched under the session's
//! credentials.

use std::os::fd::BorrowedFd;

use async_trait::async_trait;

use crate::error::Result;
use crate::path::VirtualPath;

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
/// command's verb. Errors carry the reply for the client: 550 where the gate or
/// the system refuses, 530 before login.
#[async_trait]
pub trait Files: Send + Sync {
    /// A path as the host knows it: for logs, whose readers know no session's
    /// root. It opens nothing.
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        path.as_bytes().to_vec()
    }
    /// What is known of a path.
    async fn metadata(&self, path: &VirtualPath, links: Links) -> Result<Metadata>;
    /// Opens a file; a new one's mode is 0666 less the scope's Umask.
    async fn open(&self, path: &VirtualPath, purpose: Open) -> Result<Box<dyn File>>;
    /// Checks that a path is a directory that the session may enter.
    async fn enter(&self, path: &VirtualPath) -> Result<()>;
    /// Begins to list a directory.
    async fn list(&self, path: &VirtualPath) -> Result<Box<dyn Listing>>;
    /// Makes a directory; its mode is 0777 less the scope's Umask.
    async fn create_directory(&self, path: &VirtualPath) -> Result<()>;
    /// Removes an empty directory.
    async fn remove_directory(&self, path: &VirtualPath) -> Result<()>;
    /// Removes a file or link.
    async fn remove_file(&self, path: &VirtualPath) -> Result<()>;
    /// Renames; whether an existing target may be replaced is the caller's to say.
    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, target: Target) -> Result<()>;
    /// Sets the time of last modification, Unix seconds.
    async fn set_modified(&self, path: &VirtualPath, time: i64) -> Result<()>;
    /// Sets permission bits.
    async fn set_mode(&self, path: &VirtualPath, mode: u32) -> Result<()>;
}

/// What a rename does to an existing target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing: the rename fails.
    Keep,
    /// It is replaced.
    Replace,
}

/// An open file.
#[async_trait]
pub trait File: Send + Sync {
    /// What is known of it now.
    async fn metadata(&self) -> Result<Metadata>;
    /// Up to `most` bytes from `offset`; none at the end.
    async fn read_at(&self, offset: u64, most: usize) -> Result<Vec<u8>>;
    /// Writes all of `bytes` at `offset`.
    async fn write_at(&self, offset: u64, bytes: Vec<u8>) -> Result<()>;
    /// Cuts the file to `length` bytes.
    async fn truncate(&self, length: u64) -> Result<()>;
    /// The descriptor, where there is one, for sendfile and splice.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

/// A directory being listed.
#[async_trait]
pub trait Listing: Send {
    /// The next names, some hundreds at most; none at the end. `.` and `..`
    /// are not among them, nor what the gate hides.
    async fn next(&mut self) -> Result<Vec<DirectoryEntry>>;
}
