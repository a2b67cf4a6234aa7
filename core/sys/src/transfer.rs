//! Moves bytes between a file and a socket without copying them into the process: sendfile(2) for
//! downloads, splice(2) through a pipe for uploads. Also tells whether a file's bytes are cached.
//! Waiting for a socket is up to the caller.

use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Advice, fadvise, sendfile};
use rustix::io::{Errno, ReadWriteFlags, preadv2, retry_on_intr};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice};

use crate::medium::Medium;

/// The requested size of a [`Pipe`] in bytes; an unprivileged process may get less.
const PIPE_SIZE: usize = 1024 * 1024;

/// Sends up to `max` bytes of the file from `offset`, and advances the offset. 0 means the end of
/// the file.
///
/// # Errors
///
/// A kernel error; `WouldBlock` if a non-blocking socket accepts no more; `EINVAL` if the file
/// system has no sendfile.
pub fn send_file(socket: BorrowedFd<'_>, file: BorrowedFd<'_>, offset: &mut u64, max: usize) -> io::Result<usize> {
    Ok(retry_on_intr(|| sendfile(socket, file, Some(offset), max))?)
}

/// A pipe that moves bytes from a socket to a file.
///
/// After an error of [`Pipe::drain`] it may still hold bytes of that transfer. Drop it; never use
/// it for another transfer.
#[derive(Debug)]
pub struct Pipe {
    from: OwnedFd,
    into: OwnedFd,
    capacity: usize,
    filled: usize,
}

impl Pipe {
    /// An empty pipe, one mebibyte in size if the system allows that.
    ///
    /// # Errors
    ///
    /// A kernel error if handles run out.
    pub fn new() -> io::Result<Pipe> {
        let (from, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let capacity = fcntl_setpipe_size(&into, PIPE_SIZE).or_else(|_| fcntl_getpipe_size(&into))?;
        Ok(Pipe { from, into, capacity, filled: 0 })
    }

    /// Takes up to `max` bytes from the socket, as many as are available and fit. 0 means the end
    /// of the stream.
    ///
    /// # Errors
    ///
    /// A kernel error; `WouldBlock` if the socket has no bytes *or* the pipe is full (small packets
    /// fill it before its size in bytes is reached). So drain the pipe first, and wait for the
    /// socket only if the pipe [is empty](Pipe::is_empty).
    pub fn fill(&mut self, socket: BorrowedFd<'_>, max: usize) -> io::Result<usize> {
        let room = self.capacity.saturating_sub(self.filled).min(max);
        if room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let count = retry_on_intr(|| splice(socket, None, &self.into, None, room, flags))?;
        self.filled = self.filled.saturating_add(count);
        Ok(count)
    }

    /// Writes everything in the pipe to the file at `offset`, advances the offset, and returns the
    /// number of bytes. The file must not be open for appending.
    ///
    /// # Errors
    ///
    /// A kernel error, such as a full disk; the offset then shows how much was written.
    pub fn drain(&mut self, file: BorrowedFd<'_>, offset: &mut u64) -> io::Result<usize> {
        let mut written = 0_usize;
        while self.filled > 0 {
            let count = retry_on_intr(|| splice(&self.from, None, file, Some(offset), self.filled, SpliceFlags::MOVE))?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.filled = self.filled.saturating_sub(count);
            written = written.saturating_add(count);
        }
        Ok(written)
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Its capacity in bytes.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }
}

/// Whether the file's system keeps it in memory alone, so that writing never waits for a disk.
#[must_use]
pub fn is_in_memory(file: BorrowedFd<'_>) -> bool {
    Medium::holding(file) == Medium::Memory
}

/// Whether the byte at `offset` is in memory, so that reading from there does not wait for a disk.
/// Also true at the end of the file, and if the file system does not tell.
///
/// # Errors
///
/// A kernel error.
pub fn is_cached(file: BorrowedFd<'_>, offset: u64) -> io::Result<bool> {
    let mut byte = [0];
    let mut buffers = [IoSliceMut::new(&mut byte)];
    match retry_on_intr(|| preadv2(file, &mut buffers, offset, ReadWriteFlags::NOWAIT)) {
        Ok(_) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(true),
        Err(Errno::AGAIN) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reads what is in memory of the file at `offset`, 0 bytes at its end; `None` if that would wait
/// for a disk.
///
/// # Errors
///
/// A kernel error.
pub fn read_cached(file: BorrowedFd<'_>, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let mut buffers = [IoSliceMut::new(buffer)];
    match retry_on_intr(|| preadv2(file, &mut buffers, offset, ReadWriteFlags::NOWAIT)) {
        Ok(count) => Ok(Some(count)),
        Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Asks the kernel to read this part of the file ahead; returns at once. A length of 0 means up to
/// the end.
///
/// # Errors
///
/// A kernel error if it is not a file.
pub fn will_need(file: BorrowedFd<'_>, offset: u64, len: u64) -> io::Result<()> {
    Ok(fadvise(file, offset, NonZeroU64::new(len), Advice::WillNeed)?)
}

/// Tells the kernel that the file will be read from front to back.
///
/// # Errors
///
/// A kernel error if it is not a file.
pub fn sequential(file: BorrowedFd<'_>) -> io::Result<()> {
    Ok(fadvise(file, 0, None, Advice::Sequential)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    #[test]
    fn a_file_is_sent_from_its_offset() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut offset = 4;
        assert_eq!(send_file(ours.as_fd(), file.as_fd(), &mut offset, 3).unwrap(), 3);
        assert_eq!(send_file(ours.as_fd(), file.as_fd(), &mut offset, 99).unwrap(), 3);
        assert_eq!(send_file(ours.as_fd(), file.as_fd(), &mut offset, 99).unwrap(), 0);
        assert_eq!(offset, 10);
        drop(ours);
        let mut got = String::new();
        theirs.read_to_string(&mut got).unwrap();
        assert_eq!(got, "456789");
    }

    #[test]
    fn a_stream_goes_to_a_file_at_an_offset() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "abc").unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let sent: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        let bytes = sent.clone();
        let writer = std::thread::spawn(move || theirs.write_all(&bytes));

        let mut pipe = Pipe::new().unwrap();
        assert!(pipe.capacity() >= 4096);
        let mut offset = 3;
        loop {
            assert!(pipe.is_empty());
            poll(&mut [PollFd::new(&ours, PollFlags::IN)], None).unwrap();
            if pipe.fill(ours.as_fd(), usize::MAX).unwrap() == 0 {
                break;
            }
            pipe.drain(file.as_fd(), &mut offset).unwrap();
        }
        assert!(pipe.is_empty());
        writer.join().unwrap().unwrap();
        let got = fs::read(&path).unwrap();
        assert_eq!(offset, 3 + sent.len() as u64);
        assert!(got.starts_with(b"abc") && got[3..] == sent);
    }

    #[test]
    fn what_was_just_written_is_cached() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 8192]).unwrap();
        assert!(is_cached(file.as_fd(), 0).unwrap());
        assert!(is_cached(file.as_fd(), 100_000).unwrap());
        let mut buffer = [0; 9000];
        let read = read_cached(file.as_fd(), 0, &mut buffer).unwrap();
        // A file system in memory may not support this query.
        assert!(read.is_none_or(|count| count == 8192 && buffer[8191] == 1));
        will_need(file.as_fd(), 0, 8192).unwrap();
        sequential(file.as_fd()).unwrap();
    }
}
