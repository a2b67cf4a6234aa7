//! Files that the daemon itself writes where the configuration says: logs, the PidFile. It may be root then, so a link or
//! a file that somebody else put there must not lead it elsewhere.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::resolve::resolve;

const WORLD_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Opens such a file with these options; flags of [`OpenOptionsExt::custom_flags`] are `flags`.
///
/// # Errors
///
/// The kernel's; [`io::ErrorKind::PermissionDenied`] where anybody could have put something else there: in a folder that
/// everybody may write to, what is on the way must be root's or the process's.
pub fn open_own_file(path: &Path, options: &mut OpenOptions, flags: OFlags) -> io::Result<File> {
    let is_shared = check_own_path(path)?;
    let flags = if is_shared { flags | OFlags::NOFOLLOW } else { flags };
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    if is_shared {
        let found = file.metadata()?;
        if !is_ours(&found) || found.nlink() > 1 {
            return Err(foreign(path));
        }
    }
    Ok(file)
}

/// Looks at all folders on the way to such a file. Whether everybody may write to the last one.
///
/// # Errors
///
/// As of [`open_own_file`].
pub fn check_own_path(path: &Path) -> io::Result<bool> {
    let found = resolve(path);
    let mut is_shared = false;
    for path in found.links.iter().chain([&found.path]) {
        let mut inner = path.as_path();
        for folder in path.ancestors().skip(1) {
            // What cannot be looked at cannot be opened either.
            let mode = fs::metadata(folder).map_or(0, |folder| folder.mode());
            if mode & WORLD_WRITES != 0 {
                let entry = fs::symlink_metadata(inner).ok();
                if mode & STICKY == 0 || entry.is_some_and(|entry| !is_ours(&entry)) {
                    return Err(foreign(inner));
                }
                is_shared |= inner == path;
            }
            inner = folder;
        }
    }
    Ok(is_shared)
}

/// Whether root or the process owns it.
fn is_ours(found: &Metadata) -> bool {
    let (own, files) = (rustix::process::geteuid().as_raw(), crate::credentials::file_user());
    [0, own, files].contains(&found.uid())
}

fn foreign(path: &Path) -> io::Error {
    let words = format!("{}: anybody can replace this file: use a folder that is not world-writable", path.display());
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn append(path: &Path) -> io::Result<File> {
        open_own_file(path, OpenOptions::new().create(true).append(true), OFlags::empty())
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn links_of_others_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (own, shared) = (folder.path().join("own"), folder.path().join("shared"));
        fs::create_dir(&own).unwrap();
        fs::create_dir(&shared).unwrap();
        set_mode(&own, 0o755);
        fs::write(own.join("file"), "").unwrap();
        symlink(own.join("file"), own.join("link")).unwrap();
        symlink(own.join("file"), shared.join("link")).unwrap();
        fs::hard_link(own.join("file"), shared.join("hard")).unwrap();
        set_mode(&shared, 0o777);
        assert!(append(&shared.join("new")).is_err(), "anybody may replace it");
        set_mode(&shared, 0o1777);
        append(&shared.join("new")).unwrap();
        append(&own.join("link")).unwrap();
        assert!(append(&shared.join("link")).is_err());
        assert!(append(&shared.join("hard")).is_err());
        symlink(&shared, own.join("way")).unwrap();
        assert!(append(&own.join("way/link")).is_err(), "however it is reached");
        append(&own.join("way/new")).unwrap();
        if rustix::process::geteuid().is_root() {
            chown(shared.join("new"), Some(54_321), None).unwrap();
            assert!(append(&shared.join("new")).is_err(), "another one's");
        }
    }
}
