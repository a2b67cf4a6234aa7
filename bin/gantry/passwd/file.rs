//! The AuthUserFile itself. It is replaced in one step, so that gantryd never sees a
//! partial file. The folder is locked meanwhile, so that two gantry processes do not
//! lose each other's changes.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::{FlockOperation, flock};

use super::error::PasswdError;

/// The mode of a new file: only its owner may read it.
const NEW: u32 = 0o600;
/// The permissions that an existing file keeps: gantryd may be in its group.
const KEPT: u32 = 0o640;

/// A file of users. Its folder is locked while this lives.
#[derive(Debug)]
pub struct UserFile {
    path: PathBuf,
    text: Vec<u8>,
    /// `None` if the file does not exist yet.
    status: Option<Status>,
    folder: File,
}

/// The attributes that a replaced file keeps.
#[derive(Debug, Clone, Copy)]
struct Status {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl UserFile {
    /// Reads the file; a missing one counts as empty. A link is followed: its target
    /// is replaced, not the link.
    pub fn open(path: &Path) -> Result<Self, PasswdError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| PasswdError::File { path, source }
        };
        let real = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
                std::path::absolute(path)
            }
            found => found,
        };
        let path = real.map_err(failed(path))?;
        let parent = path.parent().unwrap_or(Path::new("/"));
        let folder = File::open(parent).map_err(failed(parent))?;
        flock(&folder, FlockOperation::LockExclusive).map_err(io::Error::from).map_err(failed(parent))?;
        let (text, status) = read(&path).map_err(failed(&path))?;
        Ok(Self { text, status, folder, path })
    }

    /// Its text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Replaces its text, all or nothing.
    pub fn replace(&mut self, text: &[u8]) -> Result<(), PasswdError> {
        self.write(text).map_err(|source| PasswdError::File { path: self.path.clone(), source })?;
        self.text = text.to_vec();
        Ok(())
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = Temporary(self.path.with_file_name(format!(".{name}.{}.new", process::id())));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(NEW).open(&temporary.0)?;
        file.write_all(text)?;
        if let Some(Status { uid, gid, mode }) = self.status {
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (uid, gid) {
                fchown(&file, Some(uid), Some(gid))
                    .map_err(|error| io::Error::new(error.kind(), format!("cannot keep its owner: {error}")))?;
            }
            file.set_permissions(Permissions::from_mode(NEW | mode & KEPT))?;
        }
        file.sync_all()?;
        fs::rename(&temporary.0, &self.path)?;
        self.folder.sync_all()
    }
}

fn read(path: &Path) -> io::Result<(Vec<u8>, Option<Status>)> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), None)),
        found => found?,
    };
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let status = Status { uid: found.uid(), gid: found.gid(), mode: found.mode() };
    Ok((fs::read(path)?, Some(status)))
}

/// A file that is removed unless it was renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
