//! Goes to the background like a daemon: leaves the starter's session and terminal, while the starter waits for a
//! result. The caller decides when, and what the result is.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};

use rustix::process::{Pid, WaitOptions, setsid, waitpid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

/// Which of the two processes this is.
#[derive(Debug)]
pub enum Side {
    /// The original process, which waits for the daemon's result.
    Starter(Word),
    /// The process that becomes the daemon.
    Daemon(Starter),
}

/// The daemon's result, which the starter waits for.
#[derive(Debug)]
pub struct Word(PipeReader);

/// The waiting starter. If this is dropped without a result, the starter learns that there will be none.
#[derive(Debug)]
pub struct Starter(PipeWriter);

/// Splits the process in two. The daemon is in its own session but does not lead it, so that it can never acquire a
/// controlling terminal.
///
/// # Errors
///
/// The process already has other threads, which the daemon would lose; or a kernel error.
pub fn split() -> io::Result<Side> {
    let (reader, writer) = pipe()?;
    match fork()? {
        Some(child) => {
            drop(writer);
            // It exits at once.
            waitpid(Some(child), WaitOptions::empty())?;
            Ok(Side::Starter(Word(reader)))
        }
        None => {
            drop(reader);
            setsid()?;
            match fork()? {
                // Skip all cleanup, because this is a copy of the process.
                Some(_) => exit_now(0),
                None => Ok(Side::Daemon(Starter(writer))),
            }
        }
    }
}

impl Word {
    /// Waits for the result; `None` if the daemon ended without one.
    pub fn wait(mut self) -> Option<u8> {
        let mut word = [0];
        self.0.read_exact(&mut word).ok().map(|()| word[0])
    }
}

impl Starter {
    /// Sends the result to the starter, which then continues. The daemon does not change.
    ///
    /// # Errors
    ///
    /// The starter is no longer waiting.
    pub fn tell(mut self, word: u8) -> io::Result<()> {
        self.0.write_all(&[word])
    }
}

/// Closes the starter's standard streams: later output to them is lost.
///
/// # Errors
///
/// A kernel error.
pub fn close_standard_streams() -> io::Result<()> {
    let null: File = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

/// Lets no program that the process starts have any of its descriptors, but for its standard streams and those that it
/// gives to the program: whoever started the process may have left it some. Kernels before 5.11 cannot do that.
///
/// # Errors
///
/// The kernel's.
pub fn keep_descriptors() -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC.cast_signed();
    // SAFETY: with this flag no descriptor is closed, only marked.
    match unsafe { libc::close_range(3, libc::c_uint::MAX, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Splits off a copy of the process: the child's process id in the parent, `None` in the child.
///
/// # Errors
///
/// The process has other threads, which the child would lose; or a kernel error.
pub fn fork() -> io::Result<Option<Pid>> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("the process has other threads already"));
    }
    // SAFETY: the caller is the only thread, so the child is a complete copy, and no missing thread holds a lock.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        child => Ok(Pid::from_raw(child)),
    }
}

/// Ends the process without any cleanup, as a copy of a process should.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes any number and does not touch the process's memory.
    unsafe { libc::_exit(code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_other_threads_there_is_no_split() {
        // The test harness always has another thread.
        assert!(split().is_err());
    }

    #[test]
    fn a_word_arrives_or_its_absence_does() {
        let (reader, writer) = pipe().unwrap();
        Starter(writer).tell(7).unwrap();
        assert_eq!(Word(reader).wait(), Some(7));
        let (reader, writer) = pipe().unwrap();
        drop(Starter(writer));
        assert_eq!(Word(reader).wait(), None);
    }
}
