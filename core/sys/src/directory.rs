//! Reads directories in batches, with one buffer of fixed size. The caller sorts the names and looks at their files.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, OFlags, RawDir, SeekFrom, seek};

use crate::handle;

/// The size of the buffer for names, in bytes.
const BUFFER: usize = 32 * 1024;

/// A directory that is being read.
#[derive(Debug)]
pub struct Directory {
    fd: OwnedFd,
    buffer: Box<[MaybeUninit<u8>]>,
}

/// Whether a directory has been read completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// There may be more names.
    More,
    /// There were no more names.
    End,
}

impl Directory {
    /// Opens the directory of a handle (`O_PATH` is enough) for reading; needs read permission.
    ///
    /// # Errors
    ///
    /// A kernel error; `ENOTDIR` if it is not a directory.
    pub fn open(handle: BorrowedFd<'_>) -> io::Result<Directory> {
        let fd = handle::reopen(handle, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let buffer = vec![MaybeUninit::uninit(); BUFFER].into_boxed_slice();
        Ok(Directory { fd, buffer })
    }

    /// Calls `each` with the next names, a few hundred at most, and their kinds ([`FileType::Unknown`] on file systems
    /// that do not report them). `.` and `..` are left out.
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn next_batch(&mut self, mut each: impl FnMut(&[u8], FileType)) -> io::Result<Batch> {
        let mut names = RawDir::new(&self.fd, &mut self.buffer);
        loop {
            let Some(entry) = names.next() else {
                return Ok(Batch::End);
            };
            let entry = entry?;
            match entry.file_name().to_bytes() {
                b"." | b".." => {}
                name => each(name, entry.file_type()),
            }
            if names.is_buffer_empty() {
                return Ok(Batch::More);
            }
        }
    }

    /// Starts over.
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn rewind(&mut self) -> io::Result<()> {
        seek(&self.fd, SeekFrom::Start(0))?;
        Ok(())
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::Root;

    #[test]
    fn every_name_comes_once() {
        let dir = tempfile::tempdir().unwrap();
        let want: BTreeSet<Vec<u8>> =
            (0..2000).map(|n| format!("a rather long name of a file, number {n}").into_bytes()).collect();
        for name in &want {
            fs::write(dir.path().join(std::str::from_utf8(name).unwrap()), "").unwrap();
        }
        let root = Root::open(dir.path()).unwrap();
        let mut directory = Directory::open(root.as_fd()).unwrap();
        for _ in 0..2 {
            let (mut got, mut count, mut batches) = (BTreeSet::new(), 0, 0);
            while directory
                .next_batch(|name, _| {
                    got.insert(name.to_vec());
                    count += 1;
                })
                .unwrap()
                == Batch::More
            {
                batches += 1;
            }
            assert_eq!(got, want);
            assert_eq!(count, 2000);
            assert!(batches > 1);
            directory.rewind().unwrap();
        }
    }

    #[test]
    fn a_file_is_no_directory() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "").unwrap();
        let root = Root::open(dir.path()).unwrap();
        assert!(Directory::open(root.handle(b"/f").unwrap().as_fd()).is_err());
    }
}
