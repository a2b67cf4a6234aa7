//! An open file of the host. It needs no identity any more.

use std::fs::File as Open;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use gantry_api::Promise;
use gantry_api::files::{File, Metadata};
use gantry_api::store::Access;
use gantry_sys::handle::{Freshness, attributes};
use gantry_sys::{Medium, transfer};

use crate::caught::promised;
use crate::files::blocking::Blocking;
use crate::files::host::place::metadata;

/// An open file.
pub(super) struct HostFile {
    blocking: Arc<Blocking>,
    file: Arc<Open>,
    access: Access,
    /// The kind of file system, if the kernel answers for it by itself.
    near: Option<Medium>,
}

impl HostFile {
    /// For a file that has been opened.
    pub(super) fn new(blocking: Arc<Blocking>, file: OwnedFd, access: Access, near: Option<Medium>) -> Self {
        Self { blocking, file: Arc::new(file.into()), access, near }
    }

    fn later<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce(&Open) -> io::Result<T> + Send + 'static,
    ) -> Promise<'a, T> {
        let file = self.file.clone();
        promised(|| Promise::later(self.blocking.run(move || Ok(work(&file)?))))
    }

    /// Changes the file: at once in memory, while a disk may have to be waited for.
    fn change<'a>(&'a self, work: impl FnOnce(&Open) -> io::Result<()> + Send + 'static) -> Promise<'a, ()> {
        match self.near {
            Some(Medium::Memory) => Promise::now(work(&self.file).map_err(io::Error::into)),
            _ => self.later(work),
        }
    }

    /// Reads what is in memory; all of it if the file system is in memory.
    fn read_at_once(&self, offset: u64, most: usize) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; most];
        let count = match self.near {
            Some(Medium::Memory) => Some(self.file.read_at(&mut bytes, offset)?),
            Some(_) => transfer::read_cached(self.file.as_fd(), offset, &mut bytes)?,
            None => None,
        };
        Ok(count.map(|count| {
            bytes.truncate(count);
            bytes
        }))
    }
}

impl File for HostFile {
    fn metadata(&self) -> Promise<'_, Metadata> {
        let now = |file: BorrowedFd<'_>| Ok(metadata(&attributes(file, Freshness::Now)?));
        match self.near {
            Some(_) => Promise::now(now(self.file.as_fd()).map_err(io::Error::into)),
            None => self.later(move |file| now(file.as_fd())),
        }
    }

    fn read_at(&self, offset: u64, most: usize) -> Promise<'_, Vec<u8>> {
        match self.read_at_once(offset, most) {
            Ok(Some(bytes)) => Promise::now(Ok(bytes)),
            Err(error) => Promise::now(Err(error.into())),
            Ok(None) => self.later(move |file| {
                let mut bytes = vec![0; most];
                let count = file.read_at(&mut bytes, offset)?;
                bytes.truncate(count);
                Ok(bytes)
            }),
        }
    }

    fn write_at(&self, offset: u64, bytes: Vec<u8>) -> Promise<'_, ()> {
        self.change(move |file| file.write_all_at(&bytes, offset))
    }

    fn truncate(&self, length: u64) -> Promise<'_, ()> {
        self.change(move |file| file.set_len(length))
    }

    /// `None` if bytes are appended: splice refuses such a file. `write_at` does not, and Linux's
    /// pwrite appends whatever the offset, so several sessions may append to one file at once.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (self.access != Access::Append).then(|| self.file.as_fd())
    }
}
