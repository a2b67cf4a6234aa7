//! PidFile: the daemon's process id for scripts. Its lock keeps a second daemon from starting while
//! the first one runs. A file left behind by a killed daemon is taken over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gantry_sys::as_daemon_in_folder;
use gantry_sys::own_file::open_own_file;
use rustix::fs::{FlockOperation, OFlags, flock};

use crate::daemon::error::StartError;

/// The file, locked while this value lives. Dropping it removes the file.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    /// The lock belongs to the open file.
    _locked: File,
}

impl PidFile {
    /// Writes the process id.
    ///
    /// # Errors
    /// [`StartError::Running`] if a daemon holds the file; otherwise a system error.
    pub fn take(path: &Path) -> Result<Self, StartError> {
        let failed = |error| StartError::System(format!("PidFile: cannot write {}", path.display()), error);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o644);
            let mut file = open_own_file(path, &mut options, OFlags::empty()).map_err(failed)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(running(path, &mut file)),
                done => done.map_err(io::Error::from).map_err(failed)?,
            }
            // The former holder may have removed it in between; then this file is no longer at the
            // path.
            if is_at(&file, path) {
                write(&mut file).map_err(failed)?;
                return Ok(Self { path: path.to_owned(), _locked: file });
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Perhaps only root may write to its folder, and the daemon may have started as root.
        let _ = as_daemon_in_folder(&self.path, || fs::remove_file(&self.path));
    }
}

fn write(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn is_at(file: &File, path: &Path) -> bool {
    let same = |open: fs::Metadata, there: fs::Metadata| (open.dev(), open.ino()) == (there.dev(), there.ino());
    file.metadata().and_then(|open| Ok(same(open, fs::metadata(path)?))).unwrap_or(false)
}

fn running(path: &Path, file: &mut File) -> StartError {
    let mut text = String::new();
    // Anything but a number is shown as none.
    let _ = file.take(20).read_to_string(&mut text);
    StartError::Running { path: path.to_owned(), process: text.trim().parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_held_once_and_taken_over_once_it_is_free() {
        let folder = std::env::temp_dir().join(format!("gantry-pid-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("gantryd.pid");
        fs::write(&path, "99999999 and more from long ago\n").unwrap();
        let held = PidFile::take(&path).unwrap();
        let own = std::process::id();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{own}\n"));
        let refused = PidFile::take(&path).unwrap_err().to_string();
        assert!(refused.contains(&format!("already running: process {own} holds")), "{refused}");
        drop(held);
        assert!(!path.exists());
        drop(PidFile::take(&path).unwrap());
        assert!(matches!(PidFile::take(&folder.join("no/x.pid")), Err(StartError::System(..))));
        fs::remove_dir_all(folder).unwrap();
    }
}
