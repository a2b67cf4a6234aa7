//! Going to the background as a daemon does: away from the starter's session and terminal, with the starter waiting to
//! be told how it went. When to go, and what is said, is decided elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};

use rustix::process::{Pid, WaitOptions, setsid, waitpid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

/// Which of the two processes goes on.
#[derive(Debug)]
pub enum Side {
    /// The one that was started: it waits for the other's word.
    Starter(Word),
    /// The one that becomes the daemon.
    Daemon(Starter),
}

/// What the daemon will say, of which the starter knows nothing yet.
#[derive(Debug)]
pub struct Word(PipeReader);

/// Who waits for the daemon's word. Dropped without one, the starter learns that there will be none.
#[derive(Debug)]
pub struct Starter(PipeWriter);

/// Splits the process in two; the daemon is in a session of its own, which it does not lead, so that no terminal ever
/// becomes its.
///
/// # Errors
///
/// The process has other threads already, of which the daemon would have none; or the kernel's.
pub fn split() -> io::Result<Side> {
    let (reader, writer) = pipe()?;
    match fork()? {
        Some(child) => {
            drop(writer);
            // It ends at once.
            waitpid(Some(child), WaitOptions::empty())?;
            Ok(Side::Starter(Word(reader)))
        }
        None => {
            drop(reader);
            setsid()?;
            match fork()? {
                // Nothing of the process that was copied is to be tidied up here.
                Some(_) => exit_now(),
                None => Ok(Side::Daemon(Starter(writer))),
            }
        }
    }
}

impl Word {
    /// Waits for it; none when the daemon ended without one.
    pub fn wait(mut self) -> Option<u8> {
        let mut word = [0];
        self.0.read_exact(&mut word).ok().map(|()| word[0])
    }
}

impl Starter {
    /// Tells the starter, who goes on with this word; the daemon stays as it is.
    ///
    /// # Errors
    ///
    /// Nobody waits any more.
    pub fn tell(mut self, word: u8) -> io::Result<()> {
        self.0.write_all(&[word])
    }
}

/// Lets go of the starter's input and outputs: what is written there from now on is lost.
///
/// # Errors
///
/// The kernel's.
pub fn close_standard_streams() -> io::Result<()> {
    let null: File = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

/// The child's number in the parent, none in the child.
fn fork() -> io::Result<Option<Pid>> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("the process has other threads already"));
    }
    // SAFETY: there is one thread, the caller, so the child is a whole copy: no lock is held by a thread that it lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        child => Ok(Pid::from_raw(child)),
    }
}

fn exit_now() -> ! {
    // SAFETY: _exit takes any number and touches no memory of the process.
    unsafe { libc::_exit(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_other_threads_there_is_no_split() {
        // The harness is another thread, always.
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
